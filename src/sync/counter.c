/* Counters with a cell for each processor. Adding is inline in the program's own text, where it may be preempted
 * (counter.h, restart.h); here is what surrounds it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/counter.h"
#include "goroutine/task.h"

enum { CELL = 64 }; /* go_restart_add has it too */

struct counter {
    go_counter face;
    void *memory;
    _Atomic uint64_t apart CACHE_ALIGNED; /* what those without a cell have added */
    struct {
        char bytes[CELL]; /* written by who runs on the processor of that number */
    } CACHE_ALIGNED cells[];
};
_Static_assert(sizeof(struct counter) % CELL == 0, "cells do not share lines");

static const struct counter *whole(const go_counter *c)
{
    return (const struct counter *)c;
}

go_counter *go_counter_new(void)
{
    int processors = go_maxprocs(0);
    preempt_hold();
    int cpus = os_cpu_count();
    preempt_release();
    if (processors < 0)
        return NULL;
    size_t count = (size_t)(processors > cpus ? processors : cpus);
    size_t size = sizeof(struct counter) + count * CELL;
    void *memory = sched_alloc(size + CELL); /* aligned by hand: the allocator of the program promises no more than malloc's */
    if (!memory)
        return NULL;
    struct counter *c = (struct counter *)round_up((uintptr_t)memory, CELL);
    sched_zero(c, size);
    c->face = (go_counter){.cells = (char *)c->cells, .count = (uint32_t)count};
    c->memory = memory;
    return &c->face;
}

void go_counter_free(go_counter *c)
{
    if (c)
        sched_free(whole(c)->memory);
}

/* Who has been added to a cell of, has since let others see that by something that orders: so relaxed loads find it. */
int64_t go_counter_sum(const go_counter *c)
{
    const struct counter *all = whole(c);
    uint64_t sum = load_relaxed(&all->apart);
    for (uint32_t i = 0; i < c->count; i++)
        sum += (uint64_t)GO_RESTART_SUM(&all->cells[i]);
    preempt_now();
    return (int64_t)sum;
}

void go_counter_add_apart(go_counter *c, int64_t n)
{
    add_relaxed(&((struct counter *)c)->apart, (uint64_t)n);
    preempt_now();
}
