/* lateness: a goroutine sleeps 1 ms 500 times behind 2 hogs a processor; how late it wakes: lateness_p50, _p99, _max in us.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

#define SLEEPS 500

struct sleeper {
    go_waitgroup ended;
    double late[SLEEPS];
    int early;
};

static void sleeper(void *arg)
{
    struct sleeper *self = arg;
    for (int i = 0; i < SLEEPS; i++) {
        int64_t start = go_now();
        must(go_sleep(GO_MILLISECOND));
        int64_t late = go_now() - start - GO_MILLISECOND;
        self->late[i] = (double)late / GO_MICROSECOND;
        self->early += late < 0;
    }
    must(go_waitgroup_done(&self->ended));
}

BENCH(lateness)
{
    static struct hogs hogs;
    static struct sleeper s;
    hogs_start(&hogs, 2 * go_maxprocs(0));
    must(go_waitgroup_add(&s.ended, 1));
    must(go(sleeper, &s));
    must(go_waitgroup_wait(&s.ended));
    hogs_stop(&hogs);
    expect(s.early, 0);
    expect(hogs_running(&hogs), hogs.count);
    bench_print("lateness_p50", "us", bench_quantile(s.late, SLEEPS, 0.50));
    bench_print("lateness_p99", "us", bench_quantile(s.late, SLEEPS, 0.99));
    bench_print("lateness_max", "us", bench_quantile(s.late, SLEEPS, 1.00));
}
