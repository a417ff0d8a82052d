/* The share of their work that plain threads lose to signals sent at intervals.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "bench.h"
#include "signals.h"
#include "ticks.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MOST 64
#define PHASES       41
#define PHASE_NS     20000000
#define PAUSE_NS     1000000

struct computing {
    _Alignas(128) atomic_llong work; /* written only by its thread */
    _Atomic pid_t thread;
};

static struct computing computing[THREADS_MOST];
static int count;
static _Atomic int64_t period;
static atomic_bool sending, stop;

static void nothing(int sig)
{
    (void)sig;
}

static void *compute(void *arg)
{
    struct computing *self = arg;
    atomic_store(&self->thread, (pid_t)syscall(SYS_gettid));
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        for (volatile int i = 0; i < 200; i++)
            ;
        atomic_store_explicit(&self->work, atomic_load_explicit(&self->work, memory_order_relaxed) + 1, memory_order_relaxed);
    }
    return NULL;
}

static void rest(int64_t ns)
{
    struct timespec t = {0, ns};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* As prompt as the monitor of the library: no slack, and ahead of others where that is allowed. */
static void *send_all(void *arg)
{
    (void)arg;
    prctl(PR_SET_TIMERSLACK, 1L);
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -20);
    while (!atomic_load(&stop)) {
        rest(atomic_load(&sending) ? atomic_load(&period) : PAUSE_NS);
        for (int i = 0; i < count && atomic_load(&sending); i++)
            syscall(SYS_tgkill, getpid(), atomic_load(&computing[i].thread), SIGUSR1);
    }
    return NULL;
}

static int64_t work(void)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += atomic_load_explicit(&computing[i].work, memory_order_relaxed);
    return sum;
}

static double rate(bool with_signals)
{
    atomic_store(&sending, with_signals);
    rest(2 * PAUSE_NS);
    int64_t start = clock_ns(), before = work();
    rest(PHASE_NS);
    return (double)(work() - before) / (double)(clock_ns() - start);
}

double signal_share(int threads, int64_t ns)
{
    static double lost[PHASES];
    pthread_t thread[THREADS_MOST], sender;
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART}, before;
    expect(threads <= THREADS_MOST, true);
    expect(sigaction(SIGUSR1, &action, &before), 0);
    count = threads;
    atomic_store(&period, ns);
    atomic_store(&stop, false);
    for (int i = 0; i < count; i++)
        must(-pthread_create(&thread[i], NULL, compute, &computing[i]));
    for (int i = 0; i < count; i++)
        while (atomic_load(&computing[i].thread) == 0)
            rest(PAUSE_NS);
    must(-pthread_create(&sender, NULL, send_all, NULL));
    double without = rate(false);
    for (int i = 0; i < PHASES; i++) {
        double with = rate(true), after = rate(false);
        lost[i] = 100 * (1 - 2 * with / (without + after));
        without = after;
    }
    atomic_store(&stop, true);
    must(-pthread_join(sender, NULL));
    for (int i = 0; i < count; i++)
        must(-pthread_join(thread[i], NULL));
    expect(sigaction(SIGUSR1, &before, NULL), 0);
    return bench_quantile(lost, PHASES, 0.5);
}
