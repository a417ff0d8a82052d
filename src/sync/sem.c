/* The counting semaphore: strictly in the order of asking, also for those that want several permits at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

/* All under the guard. */
struct sem {
    struct lock guard;
    int32_t permits;
    struct wait_queue queue;
};
_Static_assert(sizeof(struct sem) <= sizeof(go_sem), "go_sem is too small");

struct sem_waiter {
    struct waiter waiter;
    int32_t wants;
};

/* Serves the line from its head as far as the permits go; returns the served, linked by next. */
static struct waiter *serve(struct sem *s)
{
    struct waiter *first = NULL, **last = &first;
    for (;;) {
        struct waiter *w = wait_queue_first(&s->queue);
        if (!w || container_of(w, struct sem_waiter, waiter)->wants > s->permits)
            break; /* if it gives up from here on, it comes here too when it leaves */
        wait_queue_remove(&s->queue, w);
        if (!waiter_claim(w))
            continue;
        s->permits -= container_of(w, struct sem_waiter, waiter)->wants;
        w->result = 0;
        w->next = NULL;
        *last = w;
        last = &w->next;
    }
    return first;
}

int go_sem_release(go_sem *sem, int n)
{
    struct sem *s = (struct sem *)sem;
    if (!s || n < 1)
        return -EINVAL;
    lock_take(&s->guard);
    if (n > INT32_MAX - s->permits) {
        lock_drop(&s->guard);
        return -EOVERFLOW;
    }
    s->permits += n;
    struct waiter *woken = serve(s);
    lock_drop(&s->guard);
    wait_ready_all(woken);
    return 0;
}

int go_sem_acquire_until(go_sem *sem, int n, int64_t deadline)
{
    struct sem *s = (struct sem *)sem;
    if (!s || n < 1)
        return -EINVAL;
    struct goroutine *g = sched_self();
    lock_take(&s->guard);
    if (!wait_queue_first(&s->queue) && s->permits >= n) {
        s->permits -= n;
        lock_drop(&s->guard);
        return 0;
    }
    int error = deadline_passed(deadline);
    if (error) {
        lock_drop(&s->guard);
        return error;
    }
    struct sem_waiter w = {.waiter.g = g, .wants = n};
    error = wait_in_line(&s->guard, &s->queue, &w.waiter, deadline, "semaphore");
    if (error) {
        /* Those behind us may want less than we did. */
        lock_take(&s->guard);
        struct waiter *woken = serve(s);
        lock_drop(&s->guard);
        wait_ready_all(woken);
    }
    return error;
}

int go_sem_acquire(go_sem *sem, int n)
{
    return go_sem_acquire_until(sem, n, INT64_MAX);
}
