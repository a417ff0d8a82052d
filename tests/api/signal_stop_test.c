/* What a signal did before: none is lost between a channel and that, and all is as before when nobody asks any more, or when it is
 * ignored or reset.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "sanitizers.h"
#include "signals.h"

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
