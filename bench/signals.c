/* Bare signals: no goroutine runs here yet.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "signals.h"
#include "bench.h"
#include "ticks.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TO_SELF    10001
#define FROM_OTHER 301
#define PAUSE_NS   1000000

static volatile sig_atomic_t handled;
static struct sigaction before;

static void count(int sig)
{
    (void)sig;
    handled++;
}

static void install(void)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    handled = 0;
    expect(sigaction(SIGUSR1, &action, &before), 0);
}

static void restore(void)
{
    expect(sigaction(SIGUSR1, &before, NULL), 0);
}

double signal_to_self(void)
{
    static double each[TO_SELF];
    install();
    for (int i = 0; i < TO_SELF; i++) {
        int64_t start = clock_ns();
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
        each[i] = (double)(clock_ns() - start);
    }
    restore();
    expect(handled, TO_SELF);
    return bench_quantile(each, TO_SELF, 0.5);
}

struct target {
    pid_t thread;
    atomic_bool all_sent;
};

static void *send_all(void *arg)
{
    struct target *target = arg;
    struct timespec pause = {0, PAUSE_NS};
    for (int i = 0; i < FROM_OTHER; i++) {
        nanosleep(&pause, NULL);
        syscall(SYS_tgkill, getpid(), target->thread, SIGUSR1);
    }
    atomic_store(&target->all_sent, true);
    return NULL;
}

double signal_from_other(void)
{
    static double each[FROM_OTHER];
    struct target self = {.thread = (pid_t)syscall(SYS_gettid)};
    pthread_t sender;
    size_t count = 0;
    install();
    must(-pthread_create(&sender, NULL, send_all, &self));
    int64_t last = ticks_read();
    int seen = 0;
    /* Two signals become one while this thread is not on a CPU, so what ends the loop is not their number. */
    while (!atomic_load_explicit(&self.all_sent, memory_order_relaxed)) {
        int64_t now = ticks_read();
        if (handled != seen) { /* since the reading before this one */
            now = ticks_read();
            each[count++] = (double)(now - last);
            seen = handled;
        }
        last = now;
    }
    must(-pthread_join(sender, NULL));
    restore();
    expect(count > 0, 1);
    return bench_quantile(each, count, 0.5);
}
