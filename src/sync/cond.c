/* The condition: a line of its own; who is signalled takes the mutex again like anybody else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sync/mutex.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

struct cond {
    struct lock guard;
    struct wait_queue queue;
};
_Static_assert(sizeof(struct cond) <= sizeof(go_cond), "go_cond is too small");

int go_cond_wait_until(go_cond *cond, go_mutex *m, int64_t deadline)
{
    struct cond *c = (struct cond *)cond;
    if (!c || !m)
        return -EINVAL;
    struct goroutine *g = sched_self();
    int error = deadline_passed(deadline);
    if (error)
        return error;
    if (!mutex_is_locked(m))
        panic("go_cond_wait with a mutex that is not locked"); /* while nothing is held: it may be recovered */
    struct waiter w = {.g = g};
    lock_take(&c->guard);
    wait_queue_push(&c->queue, &w);
    go_mutex_unlock(m); /* in line already, so no signal from here on is missed */
    int result = wait_queued(&c->guard, &c->queue, &w, deadline, "condition");
    struct canceller *before = sched_use_canceller(NULL); /* it comes back holding m, in any case */
    go_mutex_lock(m);
    sched_use_canceller(before);
    return result;
}

int go_cond_wait(go_cond *cond, go_mutex *m)
{
    return go_cond_wait_until(cond, m, INT64_MAX);
}

int go_cond_signal(go_cond *cond)
{
    struct cond *c = (struct cond *)cond;
    if (!c)
        return -EINVAL;
    if (wait_queue_empty(&c->queue))
        return 0;
    lock_take(&c->guard);
    struct waiter *w = wait_queue_pop(&c->queue);
    if (w)
        w->result = 0;
    lock_drop(&c->guard);
    if (w)
        sched_ready(w->g);
    return 0;
}

int go_cond_broadcast(go_cond *cond)
{
    struct cond *c = (struct cond *)cond;
    if (!c)
        return -EINVAL;
    lock_take(&c->guard);
    struct waiter *woken = wait_queue_pop_all(&c->queue, 0);
    lock_drop(&c->guard);
    wait_ready_all(woken);
    return 0;
}
