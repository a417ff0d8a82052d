/* Waiting on a word: no wake-up is lost, no wait ends early, nothing makes it longer.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "os/os.h"
#include "tap.h"

#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)

/* ---- one thread ---- */

static _Atomic uint32_t zero;

static void test_alone(void)
{
    int64_t start = os_now();
    _Atomic uint32_t word = 7;
    errno = 77;
    OK(os_wait(&word, 6, INT64_MAX) == 0, "a word that changed before the wait does not block");
    OK(os_wait(&word, 6, start - 1) == 0, "nor does it time out");
    OK(os_wait(&word, 7, 1) == -ETIMEDOUT && os_wait(&word, 7, 0) == -ETIMEDOUT && os_wait(&word, 7, INT64_MIN) == -ETIMEDOUT,
       "a deadline in the past is over at once");
    os_wake(&word, 1);
    OK(errno == 77, "errno is left alone");
}

static void test_never_early(void)
{
    int early = 0, unbounded = 0;
    for (int i = 0; i < 3000; i++) {
        int64_t deadline = os_now() + 1 + (i * 7919) % (150 * MICROSECOND);
        int result = os_wait(&zero, 0, deadline);
        early += result != -ETIMEDOUT || os_now() < deadline;
        unbounded += os_now() > deadline + 10 * 1000 * MILLISECOND;
    }
    OK(early == 0, "3000 timed waits never end early");
    OK(unbounded == 0, "and they do end");
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static void test_signals(void)
{
    struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    struct itimerval every = {{0, 3000}, {0, 3000}}, never = {0};
    sigaction(SIGALRM, &action, NULL);
    int64_t deadline = os_now() + 100 * MILLISECOND;
    setitimer(ITIMER_REAL, &every, NULL);
    int result = os_wait(&zero, 0, deadline);
    int64_t end = os_now();
    setitimer(ITIMER_REAL, &never, NULL);
    OK(result == -ETIMEDOUT && end >= deadline, "signals do not shorten a wait");
    OK(end < deadline + 2000 * MILLISECOND, "signals do not make a wait longer");
}

static void test_gone(void)
{
    _Atomic uint32_t *word = os_map(os_page_size(), os_page_size());
    os_unmap(word, os_page_size());
    errno = 77;
    os_wake(word, 1);
    OK(errno == 77, "a word whose memory is gone can be woken");
}

/* ---- two threads ---- */

/* An odd ball is the other thread's to return, an even one ours; a lost wake-up leaves it where it is. */
static _Atomic uint32_t ball;
enum { PASSES = 40000, GAME_OVER = 1 << 30 };

static void pass(uint32_t to)
{
    atomic_store(&ball, to);
    os_wake(&ball, 1);
}

static void *return_ball(void *arg)
{
    (void)arg;
    for (uint32_t now; (now = atomic_load(&ball)) != GAME_OVER;)
        if (now % 2 == 1)
            pass(now + 1);
        else
            os_wait(&ball, now, INT64_MAX);
    return NULL;
}

static bool comes_back(uint32_t sent)
{
    int64_t deadline = os_now() + 10 * 1000 * MILLISECOND;
    while (atomic_load(&ball) == sent)
        if (os_wait(&ball, sent, deadline) == -ETIMEDOUT)
            return false;
    return atomic_load(&ball) == sent + 1;
}

/* Many passes, or as many as a busy machine makes in a while. */
static bool play(void)
{
    pthread_t other;
    int64_t end = os_now() + 3000 * MILLISECOND;
    pthread_create(&other, NULL, return_ball, NULL);
    for (uint32_t turn = 1; turn < PASSES && os_now() < end; turn += 2) {
        pass(turn);
        if (!comes_back(turn))
            return false;
    }
    pass(GAME_OVER);
    pthread_join(other, NULL);
    return true;
}

static _Atomic uint32_t gate, waiting, through;

static void *wait_at_gate(void *arg)
{
    (void)arg;
    atomic_fetch_add(&waiting, 1);
    int result = os_wait(&gate, 0, os_now() + 5000 * MILLISECOND);
    atomic_fetch_add(&through, result == 0);
    return NULL;
}

static void test_number_woken(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, wait_at_gate, NULL);
    while (atomic_load(&waiting) < 3)
        os_thread_yield();
    usleep(100000); /* now they sleep, most probably: else the first check passes for nothing */
    os_wake(&gate, 2);
    usleep(100000);
    OK(atomic_load(&through) <= 2, "no more are woken than asked for");
    os_wake(&gate, 3);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    OK(atomic_load(&through) == 3, "all are woken when enough are asked for");
}

/* ---- the fence ---- */

static _Atomic int flag[2], round_begun, round_ended, seen_by_frequent;

static void spin_until(_Atomic int *what, int round)
{
    for (int spins = 0; atomic_load(what) != round && atomic_load(what) >= 0; spins++)
        if (spins > 5000)
            os_thread_yield();
}

/* The frequent side: its store and load are ordered for the compiler only. */
static void *frequent_side(void *arg)
{
    (void)arg;
    for (int round = 1; atomic_load(&round_begun) >= 0; round++) {
        spin_until(&round_begun, round);
        atomic_store_explicit(&flag[0], 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        int seen = atomic_load_explicit(&flag[1], memory_order_relaxed);
        atomic_store_explicit(&seen_by_frequent, seen, memory_order_relaxed);
        atomic_store(&round_ended, round);
    }
    return NULL;
}

/* The rare side. True if neither saw the other's store. */
static bool both_miss(int round)
{
    atomic_store(&flag[0], 0);
    atomic_store(&flag[1], 0);
    atomic_store(&round_begun, round);
    for (volatile int delay = round % 60; delay > 0; delay--)
        ;
    atomic_store_explicit(&flag[1], 1, memory_order_relaxed);
    os_fence_all();
    int seen = atomic_load_explicit(&flag[0], memory_order_relaxed);
    spin_until(&round_ended, round);
    return seen == 0 && atomic_load(&seen_by_frequent) == 0;
}

static bool have_fence(void)
{
    return (syscall(SYS_membarrier, 0, 0, 0, 0, 0, 0) & 1 << 3) !=
           0; /* which commands there are; among them the one for a process */
}

static void test_fence(void)
{
    static const char promise[] = "a fence on all threads orders a store and a load that have none";
    int misses = 0;
    pthread_t other;
    if (!have_fence()) {
        tap_skip(promise, "the kernel has no membarrier");
        return;
    }
    int64_t end = os_now() + 3000 * MILLISECOND;
    pthread_create(&other, NULL, frequent_side, NULL);
    for (int round = 1; round <= 100000 && os_now() < end; round++)
        misses += both_miss(round);
    atomic_store(&round_begun, -1);
    pthread_join(other, NULL);
    OK(os_fence_all() && misses == 0, promise);
}

/* ---- older kernels ---- */

static long missing = -1; /* a system call that the kernel does not have */
#ifndef SYS_futex_time64
#define SYS_futex_time64 (-2)
#endif

long __real_arch_system_call(long number, long a, long b, long c, long d, long e, long f);
long __wrap_arch_system_call(long number, long a, long b, long c, long d, long e, long f);

long __wrap_arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    if (number != missing)
        return __real_arch_system_call(number, a, b, c, d, e, f);
    return -ENOSYS;
}

static void without_time64(void)
{
    missing = SYS_futex_time64;
    int64_t deadline = os_now() + 30 * MILLISECOND;
    bool good = os_wait(&zero, 0, deadline) == -ETIMEDOUT && os_now() >= deadline;
    good = good && os_wait(&zero, 0, INT64_MIN) == -ETIMEDOUT && os_wait(&zero, 1, INT64_MAX) == 0;
    pthread_t other;
    pthread_create(&other, NULL, wait_at_gate, NULL);
    while (atomic_load(&through) == 0) {
        os_wake(&gate, 1);
        usleep(1000);
    }
    pthread_join(other, NULL);
    _exit(good ? 0 : 1);
}

static void without_membarrier(void)
{
    errno = 77;
    missing = SYS_membarrier;
    bool good = !os_fence_all() && !os_fence_all() && errno == 77;
    _exit(good ? 0 : 1);
}

static void fence_in_fork(void)
{
    _exit(os_fence_all() ? 0 : 1);
}

int main(void)
{
    OK(exited(in_child(without_membarrier), 0), "a kernel without membarrier has no fence, and errno is left alone");
    OK(exited(in_child(without_time64), 0), "waits work on a kernel without 64-bit times");
    test_alone();
    test_never_early();
    test_signals();
    test_gone();
    OK(play(), "no wake-up is lost in thousands of passes of a ball");
    test_number_woken();
    test_fence();
    OK(!have_fence() || exited(in_child(fence_in_fork), 0), "the fence works in the child of a fork");
    return tap_end();
}
