/* Goroutines tied to their kernel thread.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hogs.h"

static long __attribute__((noinline)) thread_id(void)
{
    return syscall(SYS_gettid);
}

static bool thread_lives(long tid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/task/%ld", tid);
    return access(path, F_OK) == 0;
}

static void stay_on_one_thread(void *arg, int index)
{
    long tid;

    (void)arg;
    CHECK_EQ(0, go_lock_thread());
    tid = thread_id();
    for (int i = 0; i < 20; i++) {
        go_yield();
        CHECK_EQ(tid, thread_id());
        go_sleep((index + 1) * GO_MILLISECOND / 2);
        CHECK_EQ(tid, thread_id());
        hog_for(2 * GO_MILLISECOND);
        CHECK_EQ(tid, thread_id());
    }
    CHECK_EQ(0, go_unlock_thread());
}

TEST(a_tied_goroutine_stays_on_its_thread)
{
    struct hogs *h;

    go_maxprocs(2);
    h = hogs_start(4, hog_counting);
    crew_run(4, stay_on_one_thread, NULL);
    hogs_stop(h);
}

TEST(main_may_be_tied)
{
    struct hogs *h;
    long tid;

    go_maxprocs(1);
    CHECK_EQ(0, go_lock_thread());
    tid = thread_id();
    h = hogs_start(2, hog_counting);
    for (int i = 0; i < 5; i++) {
        hogs_wait_for_turn(h, 1);
        go_sleep(GO_MILLISECOND);
        CHECK_EQ(tid, thread_id());
    }
    hogs_stop(h);
    CHECK_EQ(0, go_unlock_thread());
}

struct trespass {
    atomic_bool stop;
    atomic_long forbidden;
    atomic_int found;
};

static void look_where_it_runs(void *arg, int index)
{
    struct trespass *t = arg;

    (void)index;
    while (!atomic_load(&t->stop)) {
        go_preempt_off(); /* between the two looks nobody may have been tied or untied */
        if (thread_id() == atomic_load(&t->forbidden))
            atomic_fetch_add(&t->found, 1);
        go_preempt_on();
        go_yield();
    }
}

TEST(no_other_goroutine_runs_on_the_thread_of_a_tied_one)
{
    struct trespass *t = test_alloc(sizeof *t);
    struct crew *c;

    go_maxprocs(2);
    CHECK_EQ(0, go_lock_thread());
    atomic_store(&t->forbidden, thread_id());
    c = crew_start(8, look_where_it_runs, t);
    for (int i = 0; i < 200; i++) {
        go_yield();
        go_sleep(GO_MICROSECOND * i);
    }
    atomic_store(&t->stop, true);
    crew_wait(c);
    CHECK_EQ(0, atomic_load(&t->found));
    CHECK_EQ(0, go_unlock_thread());
}

static void nest(void *arg, int index)
{
    (void)arg;
    (void)index;
    CHECK_EQ(-EPERM, go_unlock_thread());
    for (int depth = 1; depth <= 3; depth++) {
        long tid;

        for (int i = 0; i < depth; i++)
            CHECK_EQ(0, go_lock_thread());
        tid = thread_id();
        for (int i = 0; i < depth; i++) {
            go_yield();
            CHECK_EQ(tid, thread_id());
            CHECK_EQ(0, go_unlock_thread());
        }
        CHECK_EQ(-EPERM, go_unlock_thread());
    }
}

TEST(ties_nest)
{
    struct hogs *h = hogs_start(3, hog_counting);

    crew_run(2, nest, NULL);
    hogs_stop(h);
}

static void tie_a_thread(void *arg, int index)
{
    (void)arg;
    (void)index;
    CHECK_EQ(-EPERM, go_lock_thread());
    CHECK_EQ(-EPERM, go_unlock_thread());
}

TEST(a_plain_thread_can_not_be_tied)
{
    crew_wait(crew_start_threads(1, tie_a_thread, NULL));
}

static void end_while_tied(void *arg, int index)
{
    CHECK_EQ(0, go_lock_thread());
    if (index & 1)
        CHECK_EQ(0, go_lock_thread());
    ((long *)arg)[index] = thread_id();
    if (index & 2)
        go_yield();
    if (index & 4)
        go_sleep(GO_MILLISECOND);
}

TEST(a_goroutine_that_ends_while_tied_takes_its_thread_along)
{
    enum { N = 16 };
    long *tids = test_alloc(N * sizeof *tids);

    CHECK_EQ(0, go_lock_thread()); /* keeps the first thread of the process out of it */
    crew_run(N, end_while_tied, tids);
    for (int i = 0; i < N; i++)
        EVENTUALLY(!thread_lives(tids[i]) || tids[i] == getpid());
    CHECK_EQ(0, go_unlock_thread());
}

struct pair {
    go_chan *there, *back;
};

static void answer_while_tied(void *arg, int index)
{
    struct pair *p = arg;
    long tid;

    (void)index;
    CHECK_EQ(0, go_lock_thread());
    tid = thread_id();
    for (int i = 0; i < SCALED(2000); i++) {
        go_recv(p->there, NULL);
        CHECK_EQ(tid, thread_id());
        go_send(p->back, NULL);
    }
    CHECK_EQ(0, go_unlock_thread());
}

static void check_ping_pong(bool tied)
{
    struct pair *p = test_alloc(sizeof *p);
    struct crew *c;

    *p = (struct pair){test_chan(0, 0), test_chan(0, 0)};
    if (tied)
        CHECK_EQ(0, go_lock_thread());
    c = crew_start(1, answer_while_tied, p);
    for (int i = 0; i < SCALED(2000); i++) {
        go_send(p->there, NULL);
        go_recv(p->back, NULL);
    }
    crew_wait(c);
    if (tied)
        CHECK_EQ(0, go_unlock_thread());
}

TEST(tied_goroutines_block_and_wake_on_channels)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        check_ping_pong(false);
        check_ping_pong(true);
    }
}

static void yield_while_tied(void *arg, int index)
{
    CHECK_EQ(0, go_lock_thread());
    for (int i = 0; i < SCALED(500); i++) {
        atomic_fetch_add(&((atomic_int *)arg)[index], 1);
        go_yield();
    }
    CHECK_EQ(0, go_unlock_thread());
}

TEST(tied_goroutines_take_turns_by_yielding)
{
    enum { N = 4 };
    atomic_int *turns = test_alloc(N * sizeof *turns);

    go_maxprocs(1);
    crew_run(N, yield_while_tied, turns);
    for (int i = 0; i < N; i++)
        CHECK_EQ(SCALED(500), atomic_load(&turns[i]));
}

static void be_a_tied_hog(const atomic_bool *stop, atomic_ulong *turns)
{
    CHECK_EQ(0, go_lock_thread());
    hog_arithmetic(stop, turns);
    CHECK_EQ(0, go_unlock_thread());
}

TEST(tied_hogs_are_preempted_and_come_back)
{
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(2, be_a_tied_hog);
    for (int i = 0; i < 6; i++) {
        hogs_wait_for_turn(h, i & 1);
        go_yield();
    }
    hogs_stop(h);
}

static _Thread_local int mine;

static __attribute__((noinline)) int *my_local(void)
{
    __asm__ volatile("" ::: "memory");
    return &mine;
}

static void keep_a_thread_local(void *arg, int index)
{
    int *at;

    (void)arg;
    CHECK_EQ(0, go_lock_thread());
    at = my_local();
    *at = 1000 + index;
    for (int i = 0; i < 20; i++) {
        go_sleep(GO_MILLISECOND / 10);
        hog_for(GO_MILLISECOND);
        CHECK_PTR(at, my_local());
        CHECK_EQ(1000 + index, *my_local());
    }
    CHECK_EQ(0, go_unlock_thread());
}

TEST(a_tied_goroutine_keeps_its_thread_locals)
{
    go_maxprocs(2);
    crew_run(6, keep_a_thread_local, NULL);
}

static void report_mask(void *arg, int index)
{
    sigset_t mask;

    go_blocking_begin(); /* enough of them at once make the library start threads */
    usleep(50000);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    ((int *)arg)[index] = sigismember(&mask, SIGUSR2);
    go_blocking_end();
}

static void dirty_its_thread(void *arg, int index)
{
    sigset_t mask;
    struct crew *c;

    (void)index;
    CHECK_EQ(0, go_lock_thread());
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    c = crew_start(20, report_mask, arg);
    crew_wait(c);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
    CHECK_EQ(0, go_unlock_thread());
}

TEST(new_threads_do_not_inherit_what_a_tied_goroutine_did_to_its_own)
{
    int *masked = test_alloc(20 * sizeof *masked);

    crew_run(1, dirty_its_thread, masked);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, masked[i]);
}
