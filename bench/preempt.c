/* preempt: what one preemption costs, in us, and preempt_signal: the bare signal that it rests on. On 1 processor only.
 *
 * Two hogs share one processor. Each reads a clock in a loop, one instruction a reading, and publishes the reading; when it
 * finds that the other's last reading is younger than its own last one, it has just been put in the other's place, and the
 * difference between its clock now and that reading is the time in which neither ran: from the last instruction of the one,
 * through signal, handler, and switch, to the first of the other. The figure is the median of about a second's worth.
 * What it leaves out is the time that the request travels from the monitor's CPU, because the first hog still runs then.
 * preempt_signal is the median of sending oneself a signal with an empty handler (tgkill, delivery, handler, sigreturn).
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "bench.h"
#include "ticks.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GAPS_MOST 65536
#define LENGTH    GO_SECOND
#define SIGNALS   10001

struct duel {
    struct {
        _Alignas(128) atomic_llong reading; /* the last one of this side; written only by it */
    } side[2];
    int64_t end;
    atomic_size_t gaps;
    double gap[GAPS_MOST];
    go_waitgroup ended;
};

static struct duel duel;

static void take_part(int me)
{
    atomic_llong *mine = &duel.side[me].reading, *other = &duel.side[!me].reading;
    for (int64_t now = 0; now < duel.end;) {
        now = ticks_read();
        int64_t last = atomic_load_explicit(other, memory_order_relaxed);
        /* A negative gap: we were taken off between the two lines above; the next round finds the true one. */
        if (last > atomic_load_explicit(mine, memory_order_relaxed) && now > last) {
            size_t n = atomic_fetch_add_explicit(&duel.gaps, 1, memory_order_relaxed);
            if (n < GAPS_MOST)
                duel.gap[n] = (double)(now - last);
        }
        atomic_store_explicit(mine, now, memory_order_relaxed);
    }
    must(go_waitgroup_done(&duel.ended));
}

static void left(void *arg)
{
    (void)arg;
    take_part(0);
}

static void right(void *arg)
{
    (void)arg;
    take_part(1);
}

static volatile sig_atomic_t handled;

static void count(int sig)
{
    (void)sig;
    handled++;
}

static double signal_ns(void)
{
    static double each[SIGNALS];
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART}, before;
    expect(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < SIGNALS; i++) {
        int64_t start = clock_ns();
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
        each[i] = (double)(clock_ns() - start);
    }
    expect(sigaction(SIGUSR1, &before, NULL), 0);
    expect(handled, SIGNALS);
    return bench_quantile(each, SIGNALS, 0.5);
}

BENCH(preempt)
{
    if (go_maxprocs(0) != 1)
        return;
    double bare = signal_ns(), scale = ticks_per_ns();
    duel.end = ticks_read() + (int64_t)(LENGTH * scale);
    must(go_waitgroup_add(&duel.ended, 2));
    must(go(left, NULL));
    must(go(right, NULL));
    must(go_waitgroup_wait(&duel.ended));
    size_t gaps = atomic_load(&duel.gaps);
    expect(gaps > 2, 1);
    if (gaps > GAPS_MOST)
        gaps = GAPS_MOST;
    bench_print("preempt", "us", bench_quantile(duel.gap, gaps, 0.5) / scale / 1000);
    bench_print("preempt_signal", "us", bare / 1000);
}
