/* The wait group: counter and "somebody waits" in one word, so that the last one done touches the group again only where it must:
 * a waiter that finds zero may free it at once. Where it must, it holds the guard from before the word is zero until it is through,
 * and who finds zero looks at the guard too. It may do so with nobody in line any more, as who gives up leaves WAITED behind.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

#define WAITED 1u
#define ONE    2u

struct waitgroup {
    _Atomic uint32_t word; /* counter times ONE, and WAITED; comes to zero, all of it, under the guard where WAITED is set */
    struct lock guard;
    struct wait_queue queue;
};
_Static_assert(sizeof(struct waitgroup) <= sizeof(go_waitgroup), "go_waitgroup is too small");

/* The word is zero. The guard, which is dropped, is the last that is touched. */
static void release_all(struct waitgroup *wg)
{
    struct waiter *woken = wait_queue_pop_all(&wg->queue, 0);
    lock_drop(&wg->guard);
    wait_ready_all(woken);
}

/* Somebody may have seen the word come to zero, but the one who did that not be through. */
static void let_release_pass(struct waitgroup *wg)
{
    if (load_acquire(&wg->guard.word) == LOCK_FREE) /* partner: lock_drop in release_all */
        return;
    lock_take(&wg->guard);
    lock_drop(&wg->guard);
}

int go_waitgroup_add(go_waitgroup *group, int n)
{
    struct waitgroup *wg = (struct waitgroup *)group;
    if (!wg)
        return -EINVAL;
    uint32_t word = load_relaxed(&wg->word);
    for (;;) {
        int64_t count = (int64_t)(word / ONE) + n;
        if (count < 0)
            panic("go_waitgroup_add: the counter of a wait group would fall below zero");
        if (count > INT32_MAX)
            return -EOVERFLOW;
        if (count == 0 && (word & WAITED)) {
            lock_take(&wg->guard);
            word = load_relaxed(&wg->word);
            if ((int64_t)(word / ONE) + n == 0 && cas_ordered(&wg->word, &word, 0)) {
                release_all(wg);
                return 0;
            }
            lock_drop(&wg->guard);
            continue;
        }
        if (cas_ordered(&wg->word, &word, (uint32_t)count * ONE | (word & WAITED)))
            return 0;
    }
}

int go_waitgroup_done(go_waitgroup *group)
{
    return go_waitgroup_add(group, -1);
}

int go_waitgroup_wait_until(go_waitgroup *group, int64_t deadline)
{
    struct waitgroup *wg = (struct waitgroup *)group;
    if (!wg)
        return -EINVAL;
    struct goroutine *g = sched_self();
    uint32_t word = load_acquire(&wg->word); /* partner: the last go_waitgroup_add */
    if (word < ONE) {
        let_release_pass(wg);
        return 0;
    }
    int error = deadline_passed(deadline);
    if (error)
        return error;
    lock_take(&wg->guard);
    do {
        if (word < ONE) {
            lock_drop(&wg->guard);
            return 0;
        }
    } while (!cas_ordered(&wg->word, &word, word | WAITED));
    struct waiter w = {.g = g};
    return wait_in_line(&wg->guard, &wg->queue, &w, deadline, "wait group");
}

int go_waitgroup_wait(go_waitgroup *group)
{
    return go_waitgroup_wait_until(group, INT64_MAX);
}
