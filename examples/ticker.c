/* Ticks on time beside goroutines that compute on every processor and never call the library: preemption at work.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static atomic_bool stop;
static go_waitgroup computing;

/* No call, no lock, no yield: only preemption can take this loop off its processor. */
static void compute(void *arg)
{
    unsigned *seed = arg;

    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        *seed = *seed * 1664525 + 1013904223;
    go_waitgroup_done(&computing);
}

int main(void)
{
    enum { TICKS = 5, MOST = 64 };
    static unsigned seeds[MOST];
    int hogs = go_maxprocs(0) < MOST ? go_maxprocs(0) : MOST;
    int64_t before = go_now();
    go_ticker *ticker = go_ticker_new(10 * GO_MILLISECOND);
    int64_t when;

    if (!ticker)
        return 1;
    go_waitgroup_add(&computing, hogs);
    for (int i = 0; i < hogs; i++) {
        if (go(compute, &seeds[i]) < 0)
            return 1;
    }
    for (int i = 1; i <= TICKS; i++) {
        go_recv(go_ticker_chan(ticker), &when);
        printf("tick %d%s\n", i, when > before ? "" : ", but time stood still");
        before = when;
    }
    go_ticker_free(ticker);

    atomic_store(&stop, true);
    go_waitgroup_wait(&computing);
    puts("computed all the while");
    return 0;
}
