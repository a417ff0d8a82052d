/* silence: signals sent in half a second in which a hog runs on each processor and nobody waits; must be 0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"
#include "ticks.h"

#define SETTLE_NS 50000000
#define LENGTH_NS 500000000

static uint64_t signals_sent(void)
{
    struct go_stats stats;
    must(go_stats_read(&stats, sizeof(stats)));
    return stats.preempt_requests;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* main() is the last hog. */
static void spin(int64_t ns)
{
    int64_t end = clock_ns() + ns;
    while (clock_ns() < end)
        continue;
}

BENCH(silence)
{
    static struct hogs hogs;
    int others = go_maxprocs(0) - 1;
    must(go(nothing, NULL)); /* the scheduler is at work on 1 processor, too */
    hogs_start(&hogs, others);
    while (go_count() > 1 + others || hogs_running(&hogs) < others)
        go_yield();
    spin(SETTLE_NS);
    uint64_t before = signals_sent();
    spin(LENGTH_NS);
    uint64_t sent = signals_sent() - before;
    hogs_stop(&hogs);
    bench_print("silence", "signals", (double)sent);
}
