/* The inside of a channel, for select and timers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHAN_CHAN_H
#define CHAN_CHAN_H

#include "sched/sched.h"

#include "goroutine/chan.h"

struct go_chan {
    struct lock lock;
    _Atomic uint32_t closed; /* the rest under lock; atomic where it is also read without, as a hint */
    size_t elem_size;        /* fixed */
    size_t capacity;         /* fixed */
    _Atomic size_t count;
    size_t head, tail; /* next to receive, next to fill */
    size_t inside;     /* who comes back to the lock: cases of selects, lone waiters unless served, those of chan_keep */
    struct wait_queue receivers, senders;
    char buffer[];
};

/* The engine: one step of a send or a receive under the lock. -EAGAIN: it would have to wait. If it served a waiter, *woken is
 * that one: call sched_ready on its goroutine after the lock is dropped. */
int chan_send_step(struct go_chan *c, const void *elem, struct waiter **woken);
int chan_recv_step(struct go_chan *c, void *elem, struct waiter **woken);

/* False: the step would wait. True: it may not; a hint, since a waiter in line may have been won elsewhere, and without the lock.
 */
static inline bool chan_can_send(struct go_chan *c)
{
    return load_relaxed(&c->closed) || load_relaxed(&c->count) < c->capacity || !wait_queue_empty(&c->receivers);
}

static inline bool chan_can_recv(struct go_chan *c)
{
    return load_relaxed(&c->closed) || load_relaxed(&c->count) || !wait_queue_empty(&c->senders);
}

/* Between the two go_chan_free gives -EBUSY. */
void chan_keep(struct go_chan *c);
void chan_let_go(struct go_chan *c);

/* For timers: a send that waits neither for room (the element is dropped then, 0) nor for the lock (-EBUSY). */
int chan_send_from_timer(struct go_chan *c, const void *elem);

#endif
