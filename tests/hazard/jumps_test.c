/* Jumps within a goroutine: by longjmp, with a mask by siglongjmp, and out of a handler.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include "hazard.h"

enum { ROUNDS = 300, WORK = 2000, DEPTH = 10 };

__attribute__((noinline)) static int descend(jmp_buf *out, int depth, int value)
{
    linger(WORK / DEPTH);
    if (depth == 0)
        longjmp(*out, value);
    if (depth > DEPTH)
        return 0;
    return descend(out, depth - 1, value) + 1;
}

static void jump(void *arg, int index)
{
    volatile int wrong = 0;

    (void)arg;
    for (volatile int i = 1; i <= SCALED(ROUNDS); i++) {
        volatile int before = i * 10 + index;
        jmp_buf out;
        int value = setjmp(out);
        if (value == 0)
            descend(&out, DEPTH, i);
        wrong = wrong + (value != i || before != i * 10 + index);
        linger(WORK);
    }
    CHECK_EQ(0, wrong);
}

TEST(goroutines_jump_back_while_they_are_preempted)
{
    crowd(3000, jump, NULL);
}

/* ---- with the mask ---- */

static bool is_masked(int number)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, number) == 1;
}

/* The mask is the thread's. */
static void jump_with_mask(void *arg, int index)
{
    volatile int wrong = 0;

    (void)arg;
    (void)index;
    go_lock_thread();
    for (volatile int i = 1; i <= SCALED(ROUNDS); i++) {
        sigjmp_buf out;
        sigset_t set;
        int value = sigsetjmp(out, 1);
        wrong = wrong + is_masked(SIGUSR2);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        linger(WORK);
        wrong = wrong + !is_masked(SIGUSR2);
        if (value < 3)
            siglongjmp(out, value + 1);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    go_unlock_thread();
    CHECK_EQ(0, wrong);
}

TEST(a_jump_with_the_mask_brings_back_the_mask_of_a_tied_goroutine)
{
    crowd(1000, jump_with_mask, NULL);
}

/* ---- out of a handler ---- */

static _Thread_local sigjmp_buf *way_out;

static void leave(int number)
{
    linger(WORK);
    siglongjmp(*way_out, number);
}

static void jump_out(void *arg, int index)
{
    volatile int wrong = 0;

    (void)arg;
    (void)index;
    go_lock_thread();
    for (volatile int i = 1; i <= SCALED(ROUNDS); i++) {
        sigjmp_buf out;
        way_out = &out;
        linger(WORK);
        int number = sigsetjmp(out, 1);
        if (number == 0) {
            raise(SIGUSR1);
            wrong = wrong + 1;
        }
        wrong = wrong + (number != SIGUSR1 || is_masked(SIGUSR1) || is_masked(SIGURG));
    }
    go_unlock_thread();
    CHECK_EQ(0, wrong);
}

TEST(goroutines_jump_out_of_handlers_with_the_mask_they_had)
{
    signal(SIGUSR1, leave);
    crowd(500, jump_out, NULL);
    signal(SIGUSR1, SIG_DFL);
}

/* ---- out of a handler that was laid upon the library's ---- */

static sigjmp_buf before;
static atomic_bool jumped, other_ran;

static void jump_back(int number)
{
    siglongjmp(before, number);
}

static bool is_pending(int number)
{
    sigset_t set;

    return sigpending(&set) == 0 && sigismember(&set, number) == 1;
}

/* Both are pending: the kernel lays the frame of the higher one upon the first instruction of the other's handler. */
static void jump_over_the_librarys(void)
{
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, SIGURG);
    sigaddset(&both, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &both, NULL);
    while (!is_pending(SIGURG))
        ;
    raise(SIGPROF);
    if (sigsetjmp(before, 0) == 0)
        pthread_sigmask(SIG_UNBLOCK, &both, NULL);
    pthread_sigmask(SIG_UNBLOCK, &both, NULL);
}

static void jump_and_compute(void *arg, int index)
{
    int64_t end = go_now() + 20 * GO_SECOND;

    (void)arg;
    if (index == 0) {
        go_lock_thread();
        jump_over_the_librarys();
        atomic_store(&jumped, true);
        while (!atomic_load(&other_ran) && test_now() < end)
            linger(WORK);
        go_unlock_thread();
        CHECK(atomic_load(&other_ran));
    } else {
        while (!atomic_load(&jumped))
            linger(WORK);
        atomic_store(&other_ran, true);
    }
}

TEST(who_has_jumped_over_the_librarys_handler_is_preempted_as_before)
{
    NEEDS_PREEMPTION();
    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    signal(SIGPROF, jump_back);
    crew_run(2, jump_and_compute, NULL);
    signal(SIGPROF, SIG_DFL);
}
