/* Handlers of the program's own, on the goroutine's stack, on the signal stack of the thread and on one that the goroutine brought;
 * and what a goroutine masks.
 *
 * A mask and a signal stack are the kernel thread's. So handlers that mask anything run on a signal stack, where nobody is
 * preempted, or in goroutines that are tied to their threads, now and later.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
#include "hazard.h"

/* A signal to oneself takes microseconds, 20 where the kernel's way back is slow; who is in one is in the library, or on a signal
 * stack, and not to be taken off. So each round has more to do than its handler has. */
enum { ROUNDS = 100, WORK = 5000, BETWEEN = 8 * WORK, OWN_STACK = 64 << 10 };

static atomic_long handled;

static void work_and_count(atomic_long *times)
{
    int error = errno;

    errno = 0;
    linger(WORK);
    atomic_fetch_add(times, 1);
    errno = error;
}

static void work(int number)
{
    (void)number;
    work_and_count(&handled);
}

static void install(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    CHECK_EQ(0, sigaction(number, &action, NULL));
}

static void raise_often(void *arg, int index)
{
    atomic_long *raised = arg;
    long sum = 0;
    int wrong = 0;

    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        volatile long a = i, b = i + 1;
        wrong += raise(SIGUSR1) != 0;
        linger(BETWEEN);
        sum += a * b;
        atomic_fetch_add(raised, 1);
    }
    for (int i = 0; i < SCALED(ROUNDS); i++)
        sum -= (long)i * (i + 1);
    CHECK_EQ(0, sum);
    CHECK_EQ(0, wrong);
}

TEST(a_handler_on_the_signal_stack_runs_once_for_each_signal)
{
    atomic_long raised = 0;

    atomic_store(&handled, 0);
    install(SIGUSR1, work, SA_ONSTACK);
    crowd(500, raise_often, &raised);
    signal(SIGUSR1, SIG_DFL);
    CHECK_EQ(atomic_load(&raised), atomic_load(&handled));
}

static void raise_often_tied(void *arg, int index)
{
    go_lock_thread();
    raise_often(arg, index);
    go_unlock_thread();
}

TEST(a_handler_in_a_tied_goroutine_may_be_preempted_and_runs_once_for_each_signal)
{
    atomic_long raised = 0;

    atomic_store(&handled, 0);
    install(SIGUSR1, work, 0);
    crowd(500, raise_often_tied, &raised);
    signal(SIGUSR1, SIG_DFL);
    CHECK_EQ(atomic_load(&raised), atomic_load(&handled));
}

/* ---- to oneself ---- */

enum { NEAR = 32 << 10 /* less than a stack */ };

static _Thread_local volatile uintptr_t heard; /* where on a stack a handler has run; 0: it has not */

static void hear(int number)
{
    (void)number;
    heard = (uintptr_t)__builtin_frame_address(0);
}

static int send_by_raise(int number)
{
    return raise(number);
}

static int send_to_self(int number)
{
    return pthread_kill(pthread_self(), number);
}

struct way {
    int (*send)(int number);
    atomic_long missed; /* the handler has not run yet, or has run elsewhere */
};

__attribute__((noinline)) static bool is_heard_at_once(struct way *way)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    heard = 0;
    return way->send(SIGUSR2) == 0 && heard < here && here - heard < NEAR;
}

static void send_to_oneself(void *arg, int index)
{
    struct way *way = arg;
    long missed = 0;

    (void)index;
    for (int i = 0; i < SCALED(20 * ROUNDS); i++) {
        missed += !is_heard_at_once(way);
        linger(100);
    }
    atomic_fetch_add(&way->missed, missed);
}

static void all_is_heard_at_once(int (*send)(int number))
{
    struct way way = {.send = send};

    install(SIGUSR2, hear, 0);
    crowd_with_identity(1000, send_to_oneself, &way);
    signal(SIGUSR2, SIG_DFL);
    CHECK_EQ(0, atomic_load(&way.missed));
}

TEST(a_signal_that_a_goroutine_raises_is_handled_there_before_raise_returns)
{
    all_is_heard_at_once(send_by_raise);
}

TEST(a_signal_to_the_calling_thread_is_handled_there_before_pthread_kill_returns)
{
    all_is_heard_at_once(send_to_self);
}

/* ---- from outside ---- */

/* From a timer, at any instruction of anybody. */
static void compute(void *arg, int index)
{
    double sum = 0;
    int wrong = 0;

    (void)arg;
    errno = 0;
    for (int i = 1; i <= SCALED(200); i++) {
        for (int j = 1; j <= 500; j++)
            sum += 1.0 / (i * j + index);
        for (int j = 500; j >= 1; j--)
            sum -= 1.0 / (i * j + index);
        wrong += sum > 1e-9 || sum < -1e-9;
    }
    CHECK_EQ(0, wrong);
}

static atomic_long rung; /* the last may be late */

static void ring(int number)
{
    (void)number;
    work_and_count(&rung);
}

TEST(a_handler_of_a_timer_disturbs_nobody)
{
    struct itimerval often = {{.tv_usec = 500}, {.tv_usec = 500}}, never = {{0}, {0}};

    atomic_store(&rung, 0);
    install(SIGALRM, ring, SA_ONSTACK | SA_RESTART);
    CHECK_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
    crowd(2000, compute, NULL);
    EVENTUALLY(atomic_load(&rung) >= 20);
    CHECK_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
    signal(SIGALRM, SIG_IGN);
}

/* ---- signal stacks ---- */

static _Thread_local char *own_stack;
static atomic_long elsewhere;

static void look_where(int number)
{
    char here;

    linger(WORK);
    if (&here < own_stack || &here >= own_stack + OWN_STACK)
        atomic_fetch_add(&elsewhere, 1);
    work(number);
}

/* Not inlined: a function may find out once where its thread-locals are, before a call that makes them others. */
static __attribute__((noinline)) void set_own_stack(char *at)
{
    own_stack = at;
}

static void raise_on_own_stack(void *arg, int index)
{
    atomic_long *raised = arg;
    stack_t mine = {.ss_size = OWN_STACK}, old, now;
    int wrong = 0;

    (void)index;
    go_lock_thread();
    char *at = malloc(OWN_STACK);
    set_own_stack(at);
    mine.ss_sp = at;
    CHECK_EQ(0, sigaltstack(&mine, &old));
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        linger(BETWEEN);
        wrong += sigaltstack(NULL, &now) != 0 || now.ss_sp != at;
        wrong += raise(SIGUSR1) != 0;
        atomic_fetch_add(raised, 1);
    }
    CHECK_EQ(0, wrong);
    CHECK_EQ(0, sigaltstack(&old, NULL));
    free(at);
    go_unlock_thread();
}

TEST(a_tied_goroutine_keeps_the_signal_stack_that_it_brought)
{
    atomic_long raised = 0;

    atomic_store(&handled, 0);
    atomic_store(&elsewhere, 0);
    install(SIGUSR1, look_where, SA_ONSTACK);
    crowd(500, raise_on_own_stack, &raised);
    signal(SIGUSR1, SIG_DFL);
    CHECK_EQ(atomic_load(&raised), atomic_load(&handled));
    CHECK_EQ(0, atomic_load(&elsewhere));
}

/* Goroutines that wander between the threads, and see what each has. */
enum { THREADS = 1024 };
static struct {
    atomic_int thread;
    _Atomic(void *) stack;
} seen[THREADS];

static bool as_before(pid_t thread, void *stack)
{
    for (int i = 0; i < THREADS; i++) {
        int nobody = 0;
        void *none = NULL;
        if (!atomic_compare_exchange_strong(&seen[i].thread, &nobody, thread) && nobody != thread)
            continue;
        return atomic_compare_exchange_strong(&seen[i].stack, &none, stack) || none == stack;
    }
    return true;
}

static void *stack_of_thread(void)
{
    stack_t stack = {0};

    sigaltstack(NULL, &stack);
    return stack.ss_flags & SS_DISABLE ? NULL : stack.ss_sp;
}

static void wander(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        linger(20 * WORK);
        go_preempt_off();
        pid_t thread = gettid();
        void *stack = stack_of_thread();
        go_preempt_on();
        wrong += stack && !as_before(thread, stack);
    }
    CHECK_EQ(0, wrong);
}

TEST(a_thread_has_the_same_signal_stack_whoever_has_come_and_gone)
{
    memset(seen, 0, sizeof seen);
    crowd(3000, wander, NULL);
}

/* ---- masks ---- */

static bool is_masked(int number)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, number) == 1;
}

static void change_mask(int how, int number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(how, &set, NULL);
}

/* Those of even number mask the signal, the others see nothing of it. */
static void mask_or_not(void *arg, int index)
{
    bool mine = index % 2 == 0;
    int wrong = 0;

    (void)arg;
    if (mine) {
        go_lock_thread();
        change_mask(SIG_BLOCK, SIGUSR2);
    }
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        linger(WORK);
        wrong += is_masked(SIGUSR2) != mine;
        if (i % 10 == 0)
            go_yield();
        wrong += is_masked(SIGUSR2) != mine || is_masked(SIGURG);
    }
    if (mine) {
        change_mask(SIG_UNBLOCK, SIGUSR2);
        go_unlock_thread();
    }
    CHECK_EQ(0, wrong);
}

TEST(what_a_tied_goroutine_masks_it_alone_has_masked)
{
    crowd(1000, mask_or_not, NULL);
}

static atomic_bool masks, masked_work_done;

static void work_masked(void *arg, int index)
{
    sigset_t all, old;

    (void)arg;
    (void)index;
    sigfillset(&all);
    go_lock_thread();
    pthread_sigmask(SIG_SETMASK, &all, &old);
    atomic_store(&masks, true);
    hog_for(20 * GO_MILLISECOND);
    atomic_store(&masked_work_done, true);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    while (atomic_load(&masks)) /* gives way here, if not before */
        ;
    go_unlock_thread();
}

TEST(who_masks_every_signal_gives_way_when_it_has_unmasked_them)
{
    struct crew *c;

    NEEDS_PREEMPTION();
    atomic_store(&masked_work_done, false);
    go_maxprocs(1);
    c = crew_start(1, work_masked, NULL);
    EVENTUALLY(atomic_load(&masked_work_done));
    atomic_store(&masks, false);
    crew_wait(c);
}
