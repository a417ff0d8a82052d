/* Waiting in line on an object, as a goroutine or as a plain thread, and what may end a wait before its turn comes: a deadline,
 * or a canceller.
 *
 * An interruption never touches the object, which may be freed as soon as somebody on the other side has served the waiter. It wins
 * the waiter's claim, and with it the goroutine; that one takes its waiter off the queue itself when it runs. Whoever takes waiters
 * off a queue must win their claims too, and passes by those that were won already.
 *
 * Who wins while the goroutine is still on its way off its stack must not make it ready: the context that comes after it does.
 * docs/model/select.pml, docs/model/interrupt.pml.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/sched.h"

#include <errno.h>

#include "goroutine/abi.h"

enum stage { LEAVING, PARKED, LEFT_TO_RELEASE };

/* One wait that can be ended so. Lies on the stack of who waits. */
struct interruption {
    struct timer timer; /* the deadline */
    struct waiter *w;
    _Atomic uint32_t claim; /* of a lone waiter */
    _Atomic uint32_t stage; /* who leaves and who interrupts both swap it: the second one makes the goroutine ready */
    bool interrupted;       /* written by who won, before the goroutine is ready */
    void (*release)(void *);
    void *argument;
    struct interruption *next, *prev; /* under the canceller's lock; next also on its list of those to make ready */
};

/* ---- interrupting ---- */

/* True if the caller has won and must make the goroutine ready; if it has won but the goroutine is still leaving, that is left to
 * release_locks. */
static bool interrupt(struct interruption *i, int32_t result)
{
    if (!waiter_claim(i->w))
        return false;
    i->w->result = result;
    i->interrupted = true;
    return swap_ordered(&i->stage, LEFT_TO_RELEASE) == PARKED;
}

/* After the switch. The goroutine needs the lock that is dropped last before it can leave its frame, so until then i is there. */
static void release_locks(void *argument)
{
    struct interruption *i = argument;
    struct goroutine *g = i->w->g;
    bool left_to_us = swap_ordered(&i->stage, PARKED) == LEFT_TO_RELEASE;
    i->release(i->argument);
    if (left_to_us)
        sched_ready(g);
}

static int64_t expire(struct timer *timer, int64_t now)
{
    struct interruption *i = container_of(timer, struct interruption, timer);
    struct goroutine *g = i->w->g;
    (void)now;
    if (interrupt(i, -ETIMEDOUT))
        sched_ready(g);
    return TIME_NEVER;
}

/* ---- cancellers ---- */

struct canceller *sched_use_canceller(struct canceller *c)
{
    struct goroutine *g = sched_self();
    struct canceller *before = g->canceller;
    g->canceller = c;
    return before;
}

int sched_cancelled(void)
{
    const struct canceller *c = sched_self()->canceller;
    return c ? load_acquire(&c->result) : 0; /* partner: the store in canceller_fire */
}

/* 0, or what it has ended with: then there will be no interruption. */
static int32_t canceller_add(struct canceller *c, struct interruption *i)
{
    lock_take(&c->lock);
    int32_t result = load_relaxed(&c->result);
    if (!result) {
        i->prev = NULL;
        i->next = c->first;
        if (i->next)
            i->next->prev = i;
        c->first = i;
    }
    lock_drop(&c->lock);
    return result;
}

/* Once it is fired the list is its own, but for those who could not be interrupted any more, and none of them looks at it again. */
static void canceller_remove(struct canceller *c, struct interruption *i)
{
    lock_take(&c->lock);
    if (!load_relaxed(&c->result)) {
        if (i->prev)
            i->prev->next = i->next;
        else
            c->first = i->next;
        if (i->next)
            i->next->prev = i->prev;
    }
    lock_drop(&c->lock);
}

/* Those won that are parked, linked by next: they stay until they are made ready. */
static struct interruption *interrupt_all(struct interruption *i, int32_t result)
{
    struct interruption *won = NULL;
    while (i) {
        struct interruption *next = i->next;
        if (interrupt(i, result)) {
            i->next = won;
            won = i;
        }
        i = next;
    }
    return won;
}

bool canceller_fire(struct canceller *c, int32_t result)
{
    struct interruption *won = NULL;
    lock_take(&c->lock);
    bool first = !load_relaxed(&c->result);
    if (first) {
        store_release(&c->result, result);
        won = interrupt_all(c->first, result);
        c->first = NULL;
    }
    lock_drop(&c->lock); /* nobody leaves before: partner: canceller_remove */
    while (won) {
        struct interruption *next = won->next;
        sched_ready(won->w->g);
        won = next;
    }
    return first;
}

/* ---- waiting ---- */

/* A plain thread keeps its own time. */
static void wait_as_thread(struct interruption *i, int64_t deadline)
{
    struct goroutine *g = i->w->g;
    release_locks(i);
    while (load_acquire(&g->note) == 0) { /* partner: the store in sched_ready */
        if (os_wait(&g->note, 0, deadline) == 0)
            continue;
        if (interrupt(i, -ETIMEDOUT))
            return;
        deadline = TIME_NEVER; /* somebody was faster: the note is on its way */
    }
    store_relaxed(&g->note, 0);
}

static void wait_as_goroutine(struct interruption *i, int64_t deadline, const char *why, const void *where)
{
    if (deadline != GO_FOREVER)
        timer_arm(&i->timer, deadline, true);
    sched_park_with(release_locks, i, why, where);
    if (deadline != GO_FOREVER)
        timer_disarm(&i->timer);
}

/* The canceller has fired before: the locks are still held, so nobody else has won the claim. */
static void give_up_at_once(struct interruption *i, int32_t result)
{
    waiter_claim(i->w);
    i->w->result = result;
    i->interrupted = true;
    i->release(i->argument);
}

static NOINLINE int wait_interruptibly(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why,
                                       void (*release)(void *), void *argument)
{
    struct canceller *c = w->g->canceller;
    struct interruption i = {.timer.fire = expire, .w = w, .release = release, .argument = argument};
    bool lone = !w->claim;
    if (lone)
        w->claim = &i.claim;
    int32_t ended = c ? canceller_add(c, &i) : 0;
    if (ended)
        give_up_at_once(&i, ended);
    else if (w->g->kind == KIND_THREAD)
        wait_as_thread(&i, deadline);
    else
        wait_as_goroutine(&i, deadline, why, q);
    if (c && !ended)
        canceller_remove(c, &i);
    if (i.interrupted) {
        lock_take(lock); /* by taking it we also know that release is through with it */
        if (w->queued)
            wait_queue_remove(q, w);
        lock_drop(lock);
    }
    if (lone)
        w->claim = NULL;
    return w->result;
}

int wait_for_many(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why,
                  void (*release)(void *), void *argument)
{
    if (deadline != GO_FOREVER || w->g->canceller)
        return wait_interruptibly(lock, q, w, deadline, why, release, argument);
    sched_park_with(release, argument, why, q);
    return w->result;
}

static void drop(void *lock)
{
    lock_drop(lock);
}

int wait_queued(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why)
{
    if (unlikely(deadline != GO_FOREVER || w->g->canceller))
        return wait_interruptibly(lock, q, w, deadline, why, drop, lock);
    sched_park(lock, why, q);
    return w->result;
}

int wait_in_line(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why)
{
    w->result = 0;
    wait_queue_push(q, w);
    return wait_queued(lock, q, w, deadline, why);
}

/* ---- waking ---- */

struct waiter *wait_queue_pop_all(struct wait_queue *q, int32_t result)
{
    struct waiter *first = NULL, **last = &first, *w;
    while ((w = wait_queue_pop(q))) {
        w->result = result;
        w->next = NULL;
        *last = w;
        last = &w->next;
    }
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
    return deadline <= sched_now() ? -ETIMEDOUT : 0;
}
