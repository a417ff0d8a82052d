/* preempt: what one preemption costs, in us, on 1 processor; preempt_signal, preempt_remote: the bare signals that it rests on.
 *
 * Two hogs share one processor. Each reads a clock in a loop, one instruction a reading, and publishes the reading; when it
 * finds that the other's last reading is younger than its own last one, it has just been put in the other's place, and the
 * difference between its clock now and that reading is the time in which neither ran: from the last instruction of the one,
 * through signal, handler, and switch, to the first of the other. The figure is the median of about a second's worth.
 * What it leaves out is the time that the request travels from the monitor's CPU, because the first hog still runs then.
 *
 * preempt_signal is a signal to oneself with an empty handler, there and back; preempt_remote is what such a signal costs a
 * computing thread when another CPU sends it, measured like preempt. Together they say how much of preempt is the kernel's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "signals.h"
#include "ticks.h"
#include <stdatomic.h>

#define GAPS_MOST 65536
#define LENGTH    GO_SECOND

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

BENCH(preempt)
{
    if (go_maxprocs(0) != 1)
        return;
    double scale = ticks_per_ns(), self = signal_to_self(), other = signal_from_other() / scale;
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
    bench_print("preempt_signal", "us", self / 1000);
    bench_print("preempt_remote", "us", other / 1000);
}
