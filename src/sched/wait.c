/* Waiting in line on an object, with or without a deadline, as a goroutine or as a plain thread.
 *
 * The deadline is a timer that takes the waiter off the queue itself, under the object's lock, unless somebody was faster. Timers
 * run under their heap's lock, and goroutines arm them under the object's lock, so the timer only tries the object's lock, and
 * comes back a little later if it is taken.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/sched.h"

#include <errno.h>

#include "goroutine/abi.h"

struct deadline {
    struct timer timer;
    struct lock *lock;
    struct wait_queue *q;
    struct waiter *w;
};

/* Under the lock. True if the waiter was still waiting: then it is off the queue, and its goroutine is the caller's. */
static bool give_up(struct wait_queue *q, struct waiter *w)
{
    if (!w->queued || !waiter_claim(w))
        return false;
    wait_queue_remove(q, w);
    w->result = -ETIMEDOUT;
    return true;
}

static int64_t expire(struct timer *timer, int64_t now)
{
    struct deadline *d = container_of(timer, struct deadline, timer);
    struct lock *lock = d->lock;
    if (!lock_try(lock))
        return now + TIMER_RETRY;
    struct goroutine *g = give_up(d->q, d->w) ? d->w->g : NULL;
    lock_drop(lock);
    if (g)
        sched_ready(g);
    return TIME_NEVER;
}

/* A plain thread keeps its own time. */
static void wait_as_thread(struct goroutine *g, struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline)
{
    while (load_acquire(&g->note) == 0) { /* partner: the store in sched_ready */
        if (os_wait(&g->note, 0, deadline) == 0)
            continue;
        lock_take(lock);
        bool gave_up = give_up(q, w);
        lock_drop(lock);
        if (gave_up)
            return;
        deadline = TIME_NEVER; /* somebody was faster: the note is on its way */
    }
    store_relaxed(&g->note, 0);
}

int wait_for_many(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why,
                  void (*release)(void *), void *argument)
{
    struct goroutine *g = w->g;
    if (unlikely(g->kind == KIND_THREAD)) {
        release(argument);
        wait_as_thread(g, lock, q, w, deadline);
        return w->result;
    }
    if (deadline == GO_FOREVER) {
        sched_park_with(release, argument, why, q);
        return w->result;
    }
    struct deadline d = {.timer.fire = expire, .lock = lock, .q = q, .w = w};
    timer_arm(&d.timer, deadline, true);
    sched_park_with(release, argument, why, q);
    timer_disarm(&d.timer);
    return w->result;
}

static void drop(void *lock)
{
    lock_drop(lock);
}

int wait_queued(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why)
{
    if (likely(deadline == GO_FOREVER && w->g->kind == KIND_GOROUTINE)) {
        sched_park(lock, why, q);
        return w->result;
    }
    return wait_for_many(lock, q, w, deadline, why, drop, lock);
}

int wait_in_line(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why)
{
    w->result = 0;
    wait_queue_push(q, w);
    return wait_queued(lock, q, w, deadline, why);
}

struct waiter *wait_queue_pop_all(struct wait_queue *q, int32_t result)
{
    struct waiter *first = load_relaxed(&q->first);
    for (struct waiter *w = first; w; w = w->next) {
        w->queued = false;
        w->result = result;
    }
    store_relaxed(&q->first, NULL);
    q->last = NULL;
    return first;
}

void wait_ready_all(struct waiter *w)
{
    while (w) {
        struct waiter *next = w->next; /* the waiter is gone once its goroutine is ready */
        sched_ready(w->g);
        w = next;
    }
}

int deadline_passed(int64_t deadline)
{
    if (deadline == GO_FOREVER)
        return 0;
    if (deadline == GO_NOW)
        return -EAGAIN;
    return deadline <= os_now() ? -ETIMEDOUT : 0;
}
