/* identitybytes: bytes that an identity of its own adds to a goroutine that has used malloc: resident memory and page tables
 * together; _rss and _pagetables are the two. _virtual is address space, without arenas of malloc's: these are 64 MiB each, and
 * there is one.
 *
 * An identity is that of a kernel thread, which sleeps meanwhile. What the kernel keeps for that thread a process cannot see of
 * itself: _kernelstack and _slab are what /proc/meminfo says, so whatever else goes on on the machine is in them.
 *
 * What goroutines add that have none of their own is taken from what as many others add that have; all stay until the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "kilobytes.h"
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define GOROUTINES 500 /* of each kind */
#define BLOCK      100
#define SETTLE     (20 * GO_MILLISECOND) /* from "about to park" to parked, for the last few */

struct crowd {
    go_chan *gate;
    go_waitgroup all;
    int members;
    atomic_int arrived;
};

struct memory {
    double rss, tables, addresses, stack, slab;
};

static struct memory look(void)
{
    return (struct memory){
        .rss = bytes_of_process("VmRSS"),
        .tables = bytes_of_process("VmPTE"),
        .addresses = bytes_of_process("VmSize"),
        .stack = bytes_of_machine("KernelStack"),
        .slab = bytes_of_machine("Slab"),
    };
}

static struct memory difference(struct memory a, struct memory b)
{
    return (struct memory){a.rss - b.rss, a.tables - b.tables, a.addresses - b.addresses, a.stack - b.stack, a.slab - b.slab};
}

static void visitor(void *arg)
{
    struct crowd *crowd = arg;
    void *block = must_have(malloc(BLOCK));
    atomic_fetch_add(&crowd->arrived, 1);
    go_recv(crowd->gate, NULL); /* until it is closed */
    free(block);
    must(go_waitgroup_done(&crowd->all));
}

static uint64_t identities(void)
{
    struct go_stats stats;
    must(go_stats_read(&stats, sizeof(stats)));
    return stats.identities;
}

/* What so many more add, all together. */
static struct memory more(struct crowd *crowd, uintptr_t flags)
{
    struct go_attr attr = {.flags = flags};
    struct memory before = look();
    crowd->members += GOROUTINES;
    must(go_waitgroup_add(&crowd->all, GOROUTINES));
    for (int i = 0; i < GOROUTINES; i++)
        must(go_spawn_attr(&attr, visitor, crowd));
    while (atomic_load(&crowd->arrived) < crowd->members)
        must(go_sleep(GO_MILLISECOND));
    must(go_sleep(SETTLE));
    return difference(look(), before);
}

static struct memory compare(void)
{
    struct crowd crowd = {.gate = must_have(go_chan_new(0, 0))};
    while (identities() == 0) /* those that the library makes for itself */
        must(go_sleep(GO_MILLISECOND));
    must(go_sleep(SETTLE));
    struct memory without = more(&crowd, 0);
    uint64_t before = identities();
    struct memory with = more(&crowd, GO_OWN_IDENTITY);
    expect(identities() >= before + GOROUTINES, true);
    must(go_chan_close(crowd.gate));
    must(go_waitgroup_wait(&crowd.all));
    must(go_chan_free(crowd.gate));
    return difference(with, without);
}

BENCH(identitybytes)
{
    expect(mallopt(M_ARENA_MAX, 1), 1);
    struct memory m = compare();
    bench_print("identitybytes", "bytes", (m.rss + m.tables) / GOROUTINES);
    bench_print("identitybytes_rss", "bytes", m.rss / GOROUTINES);
    bench_print("identitybytes_pagetables", "bytes", m.tables / GOROUTINES);
    bench_print("identitybytes_virtual", "bytes", m.addresses / GOROUTINES);
    bench_print("identitybytes_kernelstack", "bytes", m.stack / GOROUTINES);
    bench_print("identitybytes_slab", "bytes", m.slab / GOROUTINES);
}
