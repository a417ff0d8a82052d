/* Signals of the process arrive on the channels that ask for them, whatever else goes on, and disturb nobody. (What they did
 * before: signal_stop_test.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include "hogs.h"
#include "sanitizers.h"
#include "signals.h"

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
    thread_takes_no_more_signals();
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
    sigset_t others, before;
    int ends[2];

    CHECK_EQ(0, pipe2(ends, O_CLOEXEC));
    while (is_mapped(ends[1], page - PAGE))
        page -= PAGE;
    sigfillset(&others);
    sigdelset(&others, SIGUSR1);
    go_preempt_off();
    pthread_sigmask(SIG_SETMASK, &others, &before); /* an interrupt may be on its way, and needs the goroutine's own stack */
    raise_above(page + ROOM);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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

/* ---- mistakes ---- */

TEST(what_cannot_be_had_is_an_error_and_changes_nothing)
{
    const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGURG, 0, -1, 32, SIGRTMAX + 1, 128, 1000000};
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
