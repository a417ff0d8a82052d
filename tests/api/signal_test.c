/* Signals of the process arrive on channels, none is lost between a channel and what a signal did before, and all is as before when
 * nobody asks any more.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

static void send(int number)
{
    CHECK_EQ(0, kill(getpid(), number));
}

static go_chan *ask(int number, size_t room)
{
    go_chan *c = test_chan(sizeof(int), room);

    CHECK_EQ(0, go_signal_notify(c, &number, 1));
    return c;
}

/* A signal may still be on its way to another thread when the test gives it back: where not all that were sent have been received,
 * it must be one that does no harm. */
enum { HARMLESS = SIGWINCH, ALSO_HARMLESS = SIGCONT };

/* What comes next; 0: nothing for very long. */
static int next(go_chan *c)
{
    int number = 0;

    CHECK_EQ(0, go_recv_until(c, &number, go_deadline(30 * GO_SECOND)));
    return number;
}

/* After go_signal_stop and go_signal_ignore all that was to come is there. */
static int left(go_chan *c)
{
    int n = 0;

    while (go_recv_until(c, NULL, GO_NOW) == 0)
        n++;
    return n;
}

/* ---- an earlier handler ---- */

static atomic_int handled;

static void handle(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

/* With all masked, the library's interrupt too: a goroutine that is taken off inside a handler leaves its thread with the signal
 * masked that is being handled. */
static void install(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    atomic_store(&handled, 0);
    CHECK_EQ(0, sigaction(number, &action, NULL));
}

static void (*installed(int number))(int)
{
    struct sigaction action;

    CHECK_EQ(0, sigaction(number, NULL, &action));
    return action.sa_handler;
}

/* ---- arriving ---- */

TEST(a_signal_is_sent_to_the_channel)
{
    go_chan *c = ask(SIGUSR1, 1);

    for (int i = 0; i < SCALED(100); i++) {
        send(SIGUSR1);
        CHECK_EQ(SIGUSR1, next(c));
    }
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, left(c));
}

static void *send_later(void *number)
{
    usleep(20000);
    send((int)(intptr_t)number);
    return NULL;
}

TEST(a_signal_that_comes_while_all_sleep_is_sent_at_once)
{
    go_chan *c = ask(SIGUSR1, 1);
    int64_t start = go_now();
    pthread_t thread;

    for (int i = 0; i < 10; i++) {
        CHECK_EQ(0, pthread_create(&thread, NULL, send_later, (void *)(intptr_t)SIGUSR1));
        CHECK_EQ(SIGUSR1, next(c));
        pthread_join(thread, NULL);
    }
    CHECK_BETWEEN(0, 20 * GO_SECOND, go_now() - start);
    CHECK_EQ(0, go_signal_stop(c));
}

TEST(a_signal_arrives_behind_hogs)
{
    struct hogs *h;
    go_chan *c;

    NEEDS_PREEMPTION();
    go_maxprocs(2);
    h = hogs_start(4, hog_arithmetic);
    c = ask(SIGUSR1, 1);
    for (int i = 0; i < 20; i++) {
        send(SIGUSR1);
        CHECK_EQ(SIGUSR1, next(c));
    }
    CHECK_EQ(0, go_signal_stop(c));
    hogs_stop(h);
}

TEST(every_channel_that_asks_gets_it_and_calls_add_up)
{
    go_chan *one = ask(SIGUSR1, 4), *both = ask(SIGUSR2, 4);

    CHECK_EQ(0, go_signal_notify(both, (int[]){SIGUSR1, SIGUSR2}, 2));
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(one));
    CHECK_EQ(SIGUSR1, next(both));
    send(SIGUSR2);
    CHECK_EQ(SIGUSR2, next(both));
    CHECK_EQ(0, go_signal_stop(one));
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(both));
    CHECK_EQ(0, go_signal_stop(both));
    CHECK_EQ(0, left(one));
    CHECK_EQ(0, left(both));
}

TEST(a_full_channel_loses_what_it_cannot_hold)
{
    go_chan *full = ask(SIGUSR1, 1), *roomy = ask(SIGUSR1, 8);

    for (int i = 0; i < 3; i++) {
        send(SIGUSR1);
        CHECK_EQ(SIGUSR1, next(roomy));
    }
    CHECK_EQ(0, go_signal_stop(full));
    CHECK_EQ(0, go_signal_stop(roomy));
    CHECK_EQ(1, left(full));
    CHECK_EQ(0, left(roomy));
}

static void receive_one(void *channel)
{
    CHECK_EQ(SIGUSR1, next(channel));
}

TEST(a_channel_without_room_takes_it_if_somebody_waits)
{
    go_chan *c = ask(SIGUSR1, 0), *also = ask(SIGUSR1, 2);

    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(also));
    test_start_until_blocked(receive_one, c);
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(also));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, go_signal_stop(also));
}

enum { BURST = 300 };

TEST(real_time_signals_count_one_by_one)
{
    int number = SIGRTMIN + 3;
    go_chan *c;

    if (WITH_TSAN)
        SKIP("ThreadSanitizer keeps one of each number");
    c = ask(number, BURST);
    for (int i = 0; i < BURST; i++)
        send(number);
    for (int i = 0; i < BURST; i++)
        CHECK_EQ(number, next(c));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, left(c));
}

TEST(signals_that_come_together_are_sent_in_order)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR2, SIGUSR1};
    go_chan *c = test_chan(sizeof(int), 8);
    int last = 0;

    CHECK_EQ(0, go_signal_notify(c, numbers, 4));
    go_maxprocs(1);
    go_preempt_off();
    for (int i = 0; i < 4; i++)
        raise(numbers[i]);
    go_preempt_on();
    for (int i = 0; i < 4; i++) {
        int number = next(c);

        CHECK(number > last);
        last = number;
    }
    CHECK_EQ(0, go_signal_stop(c));
}

/* ---- on what stack, and unnoticed ---- */

/* The system refuses to read where a program could not. */
static bool is_mapped(int pipe_end, uintptr_t at)
{
    return write(pipe_end, (void *)at, 1) == 1;
}

static __attribute__((noinline)) void raise_above(uintptr_t lowest)
{
    volatile char *bytes = alloca((uintptr_t)__builtin_frame_address(0) - lowest);

    bytes[0] = 1;
    raise(SIGUSR1);
    CHECK_EQ(1, bytes[0]);
}

enum { SMALL = 16 << 10, PAGE = 4096, ROOM = 600 }; /* for raise() itself; the smallest frame of a signal takes more */

static void nearly_overflow(void *arg)
{
    uintptr_t page = (uintptr_t)__builtin_frame_address(0) / PAGE * PAGE;
    int ends[2];

    CHECK_EQ(0, pipe2(ends, O_CLOEXEC));
    while (is_mapped(ends[1], page - PAGE))
        page -= PAGE;
    go_preempt_off(); /* whose interrupts need the goroutine's own stack */
    raise_above(page + ROOM);
    go_preempt_on();
    close(ends[0]);
    close(ends[1]);
    atomic_store((atomic_bool *)arg, true);
}

TEST(a_signal_needs_no_room_on_the_stack_of_a_goroutine)
{
    atomic_bool *done = test_alloc(sizeof *done);
    go_chan *c;

    if (WITH_TSAN || WITH_ASAN)
        SKIP("what a sanitizer adds to a frame is not known");
    c = ask(SIGUSR1, 1);
    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = SMALL}, nearly_overflow, done));
    CHECK_EQ(SIGUSR1, next(c));
    EVENTUALLY(atomic_load(done));
    CHECK_EQ(0, go_signal_stop(c));
}

TEST(errno_is_kept)
{
    go_chan *c = ask(SIGUSR1, 1);
    int seen;

    go_preempt_off();
    errno = 12345;
    raise(SIGUSR1);
    seen = errno;
    go_preempt_on();
    CHECK_EQ(12345, seen);
    CHECK_EQ(SIGUSR1, next(c));
    CHECK_EQ(0, go_signal_stop(c));
}

TEST(what_sends_signals_is_no_goroutine_of_the_program)
{
    int64_t before = go_count();
    struct go_stats stats = {0}, after = {0};
    go_chan *c;

    go_stats_read(&stats, sizeof stats);
    c = ask(SIGUSR1, 1);
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(c));
    CHECK_EQ(before, go_count());
    CHECK_EQ(0, go_signal_stop(c));
    test_settle();
    CHECK_EQ(before, go_count());
    go_stats_read(&after, sizeof after);
    CHECK_EQ(stats.spawned, after.spawned);
}

/* ---- back to what was before ---- */

TEST(after_stop_a_signal_has_its_earlier_effect)
{
    go_chan *c;

    install(SIGUSR1, handle);
    c = ask(SIGUSR1, 4);
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(c));
    CHECK_EQ(0, atomic_load(&handled));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK(installed(SIGUSR1) == handle);
    send(SIGUSR1);
    EVENTUALLY(atomic_load(&handled) == 1);
    CHECK_EQ(0, left(c));
    install(SIGUSR1, SIG_DFL);
}

TEST(stop_for_a_channel_that_does_not_ask_does_nothing)
{
    go_chan *c = test_chan(sizeof(int), 1), *other = ask(SIGUSR1, 1);

    CHECK_EQ(0, go_signal_stop(c));
    send(SIGUSR1);
    CHECK_EQ(SIGUSR1, next(other));
    CHECK_EQ(0, go_signal_stop(other));
    CHECK_EQ(0, go_signal_stop(other));
}

static void stop_at_once(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_signal_stop(arg));
}

/* Each round sends one signal beside a stop. */
static void check_stop(int rounds)
{
    int sent = 0, received = 0;

    install(SIGUSR1, handle);
    for (int i = 0; i < rounds; i++) {
        go_chan *c = ask(SIGUSR1, 1);
        struct crew *crew = crew_start(1, stop_at_once, c);

        send(SIGUSR1);
        crew_wait(crew);
        sent++;
        received += left(c);
        EVENTUALLY(received + atomic_load(&handled) == sent);
    }
    CHECK_EQ(sent, received + atomic_load(&handled));
    test_note("%d sent to the channel, %d to the handler", received, atomic_load(&handled));
    install(SIGUSR1, SIG_DFL);
}

TEST(beside_a_stop_a_signal_is_either_sent_or_has_its_earlier_effect)
{
    if (WITH_TSAN)
        SKIP("ThreadSanitizer delivers signals late");
    go_maxprocs(2);
    check_stop(SCALED(3000));
    go_maxprocs(8);
    check_stop(SCALED(1000));
}

static void *send_many(void *stop)
{
    for (int i = 0; i < SCALED(20000); i++)
        send(SIGRTMIN + 1);
    atomic_store((atomic_bool *)stop, true);
    return NULL;
}

TEST(real_time_signals_are_all_there_while_a_channel_comes_and_goes)
{
    static atomic_bool stop;
    int number = SIGRTMIN + 1, received = 0, rounds = 0;
    go_chan *c = test_chan(sizeof(int), 100000);
    pthread_t thread;

    if (WITH_TSAN)
        SKIP("ThreadSanitizer keeps one of each number");
    install(number, handle);
    atomic_store(&stop, false);
    go_maxprocs(2);
    CHECK_EQ(0, pthread_create(&thread, NULL, send_many, &stop));
    for (; !atomic_load(&stop); rounds++) {
        CHECK_EQ(0, go_signal_notify(c, &number, 1));
        for (int i = 0; i < rounds % 50; i++)
            go_yield();
        CHECK_EQ(0, go_signal_stop(c));
        received += left(c);
    }
    pthread_join(thread, NULL);
    EVENTUALLY(received + atomic_load(&handled) == SCALED(20000));
    CHECK_EQ(SCALED(20000), received + atomic_load(&handled));
    test_note("%d rounds: %d sent to the channel, %d to the handler", rounds, received, atomic_load(&handled));
    install(number, SIG_DFL);
}

/* What runs on a signal that the system had taken off its queue before the stop, and that a thread comes to only now. */
static void run_late(int number, const struct sigaction *ours)
{
    siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE, .si_pid = getpid(), .si_uid = getuid()};

    ours->sa_sigaction(number, &info, NULL);
}

TEST(a_signal_that_is_late_for_the_channel_has_its_earlier_effect)
{
    struct sigaction ours;
    go_chan *c;

    install(SIGUSR1, handle);
    c = ask(SIGUSR1, 1);
    CHECK_EQ(0, sigaction(SIGUSR1, NULL, &ours));
    CHECK_EQ(0, go_signal_stop(c));
    run_late(SIGUSR1, &ours);
    EVENTUALLY(atomic_load(&handled) == 1);
    CHECK_EQ(0, left(c));
    c = ask(SIGUSR1, 1);
    run_late(SIGUSR1, &ours);
    CHECK_EQ(SIGUSR1, next(c));
    CHECK_EQ(1, atomic_load(&handled));
    CHECK_EQ(0, go_signal_stop(c));
    install(SIGUSR1, SIG_DFL);
}

static bool is_pending(int number)
{
    sigset_t set;

    return sigpending(&set) == 0 && sigismember(&set, number) == 1;
}

/* The handler that the program finds, and may keep, is the library's: it must not send the signal again and again. */
TEST(a_handler_that_the_program_installs_meanwhile_stays_and_may_call_what_it_found)
{
    go_chan *c = ask(SIGUSR2, 1);
    struct sigaction ours;
    sigset_t one, kept;

    CHECK_EQ(0, sigaction(SIGUSR2, NULL, &ours));
    install(SIGUSR2, handle);
    CHECK_EQ(0, go_signal_stop(c));
    CHECK(installed(SIGUSR2) == handle);
    send(SIGUSR2);
    EVENTUALLY(atomic_load(&handled) == 1);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    go_preempt_off();
    pthread_sigmask(SIG_BLOCK, &one, &kept);
    run_late(SIGUSR2, &ours);
    CHECK(!is_pending(SIGUSR2));
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    go_preempt_on();
    install(SIGUSR2, SIG_DFL);
}

TEST(the_librarys_handler_that_the_program_puts_back_does_no_harm)
{
    int number = SIGRTMIN + 5;
    go_chan *c = ask(number, 1);
    struct sigaction ours;
    sigset_t one, kept;

    CHECK_EQ(0, sigaction(number, NULL, &ours));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, sigaction(number, &ours, NULL));
    sigemptyset(&one);
    sigaddset(&one, number);
    go_preempt_off();
    pthread_sigmask(SIG_BLOCK, &one, &kept);
    run_late(number, &ours);
    CHECK(!is_pending(number));
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    go_preempt_on();
    install(number, SIG_DFL);
}

/* ---- ignoring, resetting ---- */

TEST(what_is_ignored_is_sent_to_nobody)
{
    go_chan *c = ask(SIGWINCH, 4);
    int number = SIGWINCH;

    CHECK_EQ(0, go_signal_notify(c, (int[]){SIGTERM}, 1));
    CHECK_EQ(0, go_signal_ignored(SIGTERM));
    CHECK_EQ(0, go_signal_ignore((int[]){SIGTERM, SIGWINCH}, 2));
    CHECK_EQ(1, go_signal_ignored(SIGTERM));
    send(SIGTERM);
    send(SIGWINCH);
    CHECK_EQ(0, left(c));
    CHECK_EQ(0, go_signal_notify(c, &number, 1));
    CHECK_EQ(0, go_signal_ignored(SIGWINCH));
    send(SIGWINCH);
    CHECK_EQ(SIGWINCH, next(c));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(1, go_signal_ignored(SIGWINCH));
    CHECK_EQ(0, go_signal_reset((int[]){SIGTERM, SIGWINCH}, 2));
    CHECK_EQ(0, go_signal_ignored(SIGTERM));
    CHECK_EQ(0, go_signal_ignored(SIGWINCH));
    CHECK(installed(SIGTERM) == SIG_DFL);
}

TEST(a_reset_ends_it_for_all_channels)
{
    go_chan *one, *two;
    int number = SIGUSR1;

    install(SIGUSR1, handle);
    one = ask(SIGUSR1, 4);
    two = ask(SIGUSR1, 4);
    CHECK_EQ(0, go_signal_notify(two, (int[]){SIGUSR2}, 1));
    CHECK_EQ(0, go_signal_reset(&number, 1));
    send(SIGUSR1);
    EVENTUALLY(atomic_load(&handled) == 1);
    send(SIGUSR2);
    CHECK_EQ(SIGUSR2, next(two));
    CHECK_EQ(0, left(one));
    CHECK_EQ(0, go_chan_close(one)); /* it may be freed, too */
    CHECK_EQ(0, go_signal_stop(two));
    install(SIGUSR1, SIG_DFL);
}

TEST(what_was_ignored_before_is_ignored_again)
{
    go_chan *c;

    install(SIGHUP, SIG_IGN);
    CHECK_EQ(1, go_signal_ignored(SIGHUP));
    c = ask(SIGHUP, 1);
    send(SIGHUP);
    CHECK_EQ(SIGHUP, next(c));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(1, go_signal_ignored(SIGHUP));
    send(SIGHUP);
    install(SIGHUP, SIG_DFL);
}

TEST(all_signals_can_be_asked_for_at_once)
{
    static const int some[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM, SIGWINCH, SIGCONT, SIGTSTP, SIGQUIT};
    go_chan *c = test_chan(sizeof(int), 4);

    CHECK_EQ(0, go_signal_notify(c, NULL, 0));
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        send(some[i]);
        CHECK_EQ(some[i], next(c));
    }
    CHECK_EQ(0, go_signal_reset(NULL, 0));
    CHECK(installed(SIGTERM) == SIG_DFL);
    CHECK(installed(SIGQUIT) != SIG_DFL); /* the library's dump */
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, left(c));
}

/* ---- mistakes ---- */

TEST(what_cannot_be_had_is_an_error_and_changes_nothing)
{
    static const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGURG, 0, -1, 32, 127, 128, 1000000};
    go_chan *c = test_chan(sizeof(int), 1), *bytes = test_chan(1, 1);
    int good = SIGUSR1;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int list[] = {SIGUSR1, bad[i]};

        CHECK_EQ(-EINVAL, go_signal_notify(c, list, 2));
        CHECK_EQ(-EINVAL, go_signal_ignore(list, 2));
        CHECK_EQ(-EINVAL, go_signal_reset(list, 2));
        CHECK_EQ(-EINVAL, go_signal_ignored(bad[i]));
    }
    CHECK(installed(SIGUSR1) == SIG_DFL);
    CHECK_EQ(-EINVAL, go_signal_notify(NULL, &good, 1));
    CHECK_EQ(-EINVAL, go_signal_notify(bytes, &good, 1));
    CHECK_EQ(-EINVAL, go_signal_notify(c, &good, 0));
    CHECK_EQ(-EINVAL, go_signal_notify(c, &good, -1));
    CHECK_EQ(-EINVAL, go_signal_notify(c, NULL, 1));
    CHECK_EQ(-EINVAL, go_signal_stop(NULL));
    CHECK(installed(SIGUSR1) == SIG_DFL);
}

TEST(a_channel_that_asks_cannot_be_freed_but_closed)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = HARMLESS;

    CHECK_EQ(0, go_signal_notify(c, &number, 1));
    CHECK_EQ(-EBUSY, go_chan_free(c));
    CHECK_EQ(0, go_chan_close(c));
    send(HARMLESS);
    CHECK_EQ(-EBUSY, go_chan_free(c));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(-EPIPE, go_recv(c, NULL));
    CHECK_EQ(0, go_chan_free(c));
}

/* ---- much of it ---- */

static void send_and_receive(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(200); i++) {
        go_chan *c = go_chan_new(sizeof(int), 1);
        int number = index % 2 == 0 ? HARMLESS : ALSO_HARMLESS;

        CHECK_EQ(0, go_signal_notify(c, &number, 1));
        send(number);
        CHECK_EQ(number, next(c));
        CHECK_EQ(0, go_signal_stop(c));
        CHECK_EQ(0, go_chan_free(c));
    }
}

TEST(goroutines_that_ask_send_and_stop_do_not_disturb_each_other)
{
    go_maxprocs(4);
    crew_run(8, send_and_receive, NULL);
    CHECK(installed(HARMLESS) == SIG_DFL);
}

TEST(threads_that_ask_send_and_stop_do_not_disturb_each_other)
{
    crew_wait(crew_start_threads(4, send_and_receive, NULL));
    CHECK(installed(HARMLESS) == SIG_DFL);
}

struct stress {
    atomic_bool stop;
    go_chan *c;
    int received;
};

static void receive_until(void *arg)
{
    struct stress *s = arg;
    int number;

    while (!atomic_load(&s->stop) && go_recv(s->c, &number) == 0 && number == HARMLESS)
        s->received++;
}

TEST(a_flood_of_signals_disturbs_nobody)
{
    struct stress *s = test_alloc(sizeof *s);
    struct hogs *h;

    go_maxprocs(4);
    s->c = ask(HARMLESS, 1);
    h = hogs_start(4, hog_floating);
    CHECK_EQ(0, go(receive_until, s));
    for (int64_t end = test_now() + SCALED(1000) * GO_MILLISECOND; test_now() < end;) {
        send(HARMLESS);
        go_yield();
    }
    atomic_store(&s->stop, true);
    send(HARMLESS);
    EVENTUALLY(go_count() == 5);
    hogs_stop(h);
    CHECK_EQ(0, go_signal_stop(s->c));
    CHECK(s->received > 0);
    test_note("%d received", s->received);
}
