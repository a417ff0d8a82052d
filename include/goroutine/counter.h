/* Counters that many goroutines add to at once: a cell for each processor, so that nobody waits for another's cache line, no
 * atomic instruction is needed, and no preemption is put off (restart.h says how). Not part of goroutine.h, since it includes
 * restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_COUNTER_H
#define GOROUTINE_COUNTER_H

#include "abi.h"
#include "restart.h"

GO_BEGIN_DECLS

/* What is in here is for go_counter_add alone. */
typedef struct go_counter {
    char *cells;
    uint32_t count;
} go_counter;

/* go_counter_new makes a counter that stands at 0. It has a cell for each processor there is, and for each CPU of the process;
 * processors that a larger go_maxprocs adds later share one. Returns NULL where memory is short. The caller frees it
 * with go_counter_free. Never blocks. */
GO_API go_counter *go_counter_new(void);

/* go_counter_free frees the counter. NULL is allowed. Nobody may use it afterwards. */
GO_API void go_counter_free(go_counter *c);

/* go_counter_sum gives the sum of all adds, modulo 2^64. Every add that happened before the call is in it (who added has since
 * ended, sent, unlocked, ... and the caller has seen that), none twice and none in part; one that happens meanwhile may be in it or
 * not, also where a later one is. So it is exact when nobody adds; and while all add what is positive, no sum is below an earlier
 * one of the same goroutine. Takes a few nanoseconds for each cell. Never blocks. */
GO_API int64_t go_counter_sum(const go_counter *c);

/* go_counter_add_apart is go_counter_add where there is no cell: on plain threads, in blocking regions, and on processors that came
 * later, which share one that is added to atomically. */
GO_API void go_counter_add_apart(go_counter *c, int64_t n);

/* go_counter_add adds n, which may be negative. No add is lost and none is made twice, wherever the goroutine is preempted. It
 * orders nothing. Never blocks. */
#if GO_CAN_RESTART
static inline void go_counter_add(go_counter *c, int64_t n)
{
    if (!go_restart_add(c->cells, c->count, n))
        go_counter_add_apart(c, n);
}
#else
static inline void go_counter_add(go_counter *c, int64_t n)
{
    go_counter_add_apart(c, n);
}
#endif

GO_END_DECLS

#endif
