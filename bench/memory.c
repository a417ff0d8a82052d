/* memory: bytes that each of 1,000,000 parked goroutines adds to the process: memory_rss, memory_pagetables, and their sum.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "kilobytes.h"
#include <stdatomic.h>

#define GOROUTINES 1000000
#define SETTLE     (20 * GO_MILLISECOND) /* from "about to park" to parked, for the last few */

struct crowd {
    go_chan *gate;
    go_waitgroup all;
    atomic_llong arrived, released;
};

static void visitor(void *arg)
{
    struct crowd *crowd = arg;
    atomic_fetch_add_explicit(&crowd->arrived, 1, memory_order_relaxed);
    if (go_recv(crowd->gate, NULL) < 0)
        atomic_fetch_add_explicit(&crowd->released, 1, memory_order_relaxed);
    must(go_waitgroup_done(&crowd->all));
}

BENCH(memory)
{
    struct crowd crowd = {.gate = must_have(go_chan_new(0, 0))};
    double rss = bytes_of_process("VmRSS"), tables = bytes_of_process("VmPTE");
    must(go_waitgroup_add(&crowd.all, GOROUTINES));
    for (int i = 0; i < GOROUTINES; i++)
        must(go(visitor, &crowd));
    while (atomic_load(&crowd.arrived) < GOROUTINES)
        must(go_sleep(GO_MILLISECOND));
    must(go_sleep(SETTLE));
    rss = (bytes_of_process("VmRSS") - rss) / GOROUTINES;
    tables = (bytes_of_process("VmPTE") - tables) / GOROUTINES;
    must(go_chan_close(crowd.gate));
    must(go_waitgroup_wait(&crowd.all));
    must(go_chan_free(crowd.gate));
    expect(atomic_load(&crowd.released), GOROUTINES);
    bench_print("memory", "bytes", rss + tables);
    bench_print("memory_rss", "bytes", rss);
    bench_print("memory_pagetables", "bytes", tables);
}
