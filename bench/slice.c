/* slice: percent of their work that 2 hogs a processor lose to slicing: slice_1ms, slice_100us, slice_20us; and how long the
 * slices really were, in us: slice_1ms_real, and so on. slice_1ms_bare is what plain threads lose to empty signals at that
 * interval.
 *
 * Phases of 20 ms with the slice under test and phases with a slice that never ends (10 s) alternate in one process, so that
 * nothing but slicing differs; a phase is compared with the mean of its two neighbours, and the figure is the median of all.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "hogs.h"
#include "signals.h"
#include "ticks.h"
#include <errno.h>
#include <pthread.h>

#define PHASES    41
#define PHASE_NS  20000000
#define SETTLE_NS 200000
#define OFF       (10 * GO_SECOND)

struct driver {
    struct hogs *hogs;
    go_waitgroup ended;
    int64_t slice, usual;
    double lost[PHASES];
};

static void rest(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        continue;
}

/* Rounds of work in a nanosecond with this slice. */
static double rate(struct hogs *hogs, int64_t slice)
{
    go_slice(slice);
    rest(SETTLE_NS);
    int64_t start = clock_ns(), work = hogs_work(hogs);
    rest(PHASE_NS);
    work = hogs_work(hogs) - work;
    return (double)work / (double)(clock_ns() - start);
}

/* A plain thread, so that it takes no processor from the hogs. */
static void *drive(void *arg)
{
    struct driver *d = arg;
    double before = rate(d->hogs, OFF);
    for (int i = 0; i < PHASES; i++) {
        double on = rate(d->hogs, d->slice), after = rate(d->hogs, OFF);
        d->lost[i] = 100 * (1 - 2 * on / (before + after));
        before = after;
    }
    go_slice(d->usual); /* main() needs a processor to end it all */
    must(go_waitgroup_done(&d->ended));
    return NULL;
}

static uint64_t preemptions(void)
{
    struct go_stats stats;
    must(go_stats_read(&stats, sizeof(stats)));
    return stats.preemptions;
}

static void measure(const char *name, const char *name_real, const char *name_bare, int64_t slice)
{
    static struct hogs hogs;
    static struct driver d;
    pthread_t thread;
    hogs_start(&hogs, 2 * go_maxprocs(0));
    d = (struct driver){.hogs = &hogs, .slice = slice, .usual = go_slice(0)};
    uint64_t before = preemptions();
    must(go_waitgroup_add(&d.ended, 1));
    must(-pthread_create(&thread, NULL, drive, &d));
    must(go_waitgroup_wait(&d.ended));
    double sliced_ns = (double)PHASES * (SETTLE_NS + PHASE_NS) * go_maxprocs(0);
    double real_ns = sliced_ns / (double)(preemptions() - before);
    must(-pthread_join(thread, NULL));
    hogs_stop(&hogs);
    expect(hogs_running(&hogs), hogs.count);
    bench_print(name, "%", bench_quantile(d.lost, PHASES, 0.5));
    bench_print(name_real, "us", real_ns / GO_MICROSECOND);
    go_blocking_begin(); /* main's processor is not needed meanwhile */
    double bare = signal_share(go_maxprocs(0), slice);
    go_blocking_end();
    bench_print(name_bare, "%", bare);
}

BENCH(slice)
{
    measure("slice_1ms", "slice_1ms_real", "slice_1ms_bare", 1000 * GO_MICROSECOND);
    measure("slice_100us", "slice_100us_real", "slice_100us_bare", 100 * GO_MICROSECOND);
    measure("slice_20us", "slice_20us_real", "slice_20us_bare", 20 * GO_MICROSECOND);
}
