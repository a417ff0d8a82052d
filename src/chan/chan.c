/* Channels: one engine of two steps, and thin faces. An element goes straight to the slot of a waiting receiver, or from the slot
 * of a waiting sender, with one copy; only what nobody waits for is buffered.
 *
 * Under the lock: receivers wait only while the buffer is empty, senders only while it is full, so one of the two queues is empty
 * (but for the two directions of one select), and a closed channel has no senders waiting.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chan/chan.h"

#include <errno.h>

#include "goroutine/abi.h"

/* Common sizes without a call; the larger ones through libc, shielded from preemption. */
static inline void copy(void *to, const void *from, size_t size)
{
    switch (size) {
    case 0:
        break;
    case 1:
        __builtin_memcpy(to, from, 1);
        break;
    case 4:
        __builtin_memcpy(to, from, 4);
        break;
    case 8:
        __builtin_memcpy(to, from, 8);
        break;
    case 16:
        __builtin_memcpy(to, from, 16);
        break;
    default:
        sched_copy(to, from, size);
    }
}

static void *slot(struct go_chan *c, size_t i)
{
    return c->buffer + i * c->elem_size;
}

static void advance(struct go_chan *c, size_t *i)
{
    if (++*i == c->capacity)
        *i = 0;
}

static void buffer_put(struct go_chan *c, const void *elem)
{
    copy(slot(c, c->tail), elem, c->elem_size);
    advance(c, &c->tail);
    store_relaxed(&c->count, load_relaxed(&c->count) + 1);
}

static void buffer_take(struct go_chan *c, void *elem)
{
    if (elem)
        copy(elem, slot(c, c->head), c->elem_size);
    advance(c, &c->head);
    store_relaxed(&c->count, load_relaxed(&c->count) - 1);
}

/* A lone waiter that is served does not touch the channel again. One that gave up does, wherever it was put since. */
static struct waiter *pop(struct go_chan *c, struct wait_queue *q)
{
    struct waiter *w = wait_queue_pop(q);
    if (w && w->lone) {
        w->lone = false;
        c->inside--;
    }
    return w;
}

int chan_send_step(struct go_chan *c, const void *elem, struct waiter **woken)
{
    if (unlikely(load_relaxed(&c->closed)))
        return -EPIPE;
    struct waiter *w = pop(c, &c->receivers);
    if (w) {
        if (w->slot)
            copy(w->slot, elem, c->elem_size);
        w->result = 0;
        *woken = w;
        return 0;
    }
    if (load_relaxed(&c->count) == c->capacity)
        return -EAGAIN;
    buffer_put(c, elem);
    return 0;
}

int chan_recv_step(struct go_chan *c, void *elem, struct waiter **woken)
{
    bool buffered = load_relaxed(&c->count) > 0;
    if (buffered)
        buffer_take(c, elem);
    struct waiter *w = pop(c, &c->senders);
    if (w) {
        if (buffered)
            buffer_put(c, w->slot);
        else if (elem)
            copy(elem, w->slot, c->elem_size);
        w->result = 0;
        *woken = w;
        return 0;
    }
    if (buffered)
        return 0;
    if (!load_relaxed(&c->closed))
        return -EAGAIN;
    if (elem)
        sched_zero(elem, c->elem_size);
    return -EPIPE;
}

/* ---- faces ---- */

/* Called with the lock, returns without it. */
static int wait_alone(struct go_chan *c, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why)
{
    w->lone = true;
    c->inside++;
    int result = wait_in_line(&c->lock, q, w, deadline, why);
    if (unlikely(w->lone)) {
        lock_take(&c->lock);
        c->inside--;
        lock_drop(&c->lock);
    }
    return result;
}

int go_send_until(go_chan *c, const void *elem, int64_t deadline)
{
    if (unlikely(!c || (!elem && c->elem_size)))
        return -EINVAL;
    struct goroutine *g = sched_self();
    if (deadline == GO_NOW && !chan_can_send(c))
        return -EAGAIN;
    struct waiter *woken = NULL;
    lock_take(&c->lock);
    int result = chan_send_step(c, elem, &woken);
    if (result == -EAGAIN && (result = deadline_passed(deadline)) == 0) {
        struct waiter w = {.g = g, .slot = (void *)elem};
        return wait_alone(c, &c->senders, &w, deadline, "channel send");
    }
    lock_drop(&c->lock);
    if (woken)
        sched_ready(woken->g);
    return result;
}

int go_recv_until(go_chan *c, void *elem, int64_t deadline)
{
    if (unlikely(!c))
        return -EINVAL;
    struct goroutine *g = sched_self();
    if (deadline == GO_NOW && !chan_can_recv(c))
        return -EAGAIN;
    struct waiter *woken = NULL;
    lock_take(&c->lock);
    int result = chan_recv_step(c, elem, &woken);
    if (result == -EAGAIN && (result = deadline_passed(deadline)) == 0) {
        struct waiter w = {.g = g, .slot = elem};
        return wait_alone(c, &c->receivers, &w, deadline, "channel receive");
    }
    lock_drop(&c->lock);
    if (woken)
        sched_ready(woken->g);
    return result;
}

int go_send(go_chan *c, const void *elem)
{
    return go_send_until(c, elem, GO_FOREVER);
}

int go_recv(go_chan *c, void *elem)
{
    return go_recv_until(c, elem, GO_FOREVER);
}

int chan_send_from_timer(struct go_chan *c, const void *elem)
{
    struct waiter *woken = NULL;
    if (!lock_try(&c->lock))
        return -EBUSY;
    chan_send_step(c, elem, &woken);
    lock_drop(&c->lock);
    if (woken)
        sched_ready(woken->g);
    return 0;
}

/* ---- making, closing, freeing ---- */

go_chan *go_chan_new(size_t elem_size, size_t capacity)
{
    size_t bytes;
    if (__builtin_mul_overflow(elem_size, capacity, &bytes) || bytes > PTRDIFF_MAX - sizeof(struct go_chan))
        return NULL;
    if (capacity > PTRDIFF_MAX)
        return NULL;
    struct go_chan *c = sched_alloc(sizeof *c + bytes);
    if (!c)
        return NULL;
    __builtin_memset(c, 0, sizeof *c);
    c->elem_size = elem_size;
    c->capacity = capacity;
    return c;
}

int go_chan_free(go_chan *c)
{
    if (!c)
        return 0;
    lock_take(&c->lock);
    if (c->inside) {
        lock_drop(&c->lock);
        return -EBUSY;
    }
    lock_drop(&c->lock);
    sched_free(c);
    return 0;
}

void chan_keep(struct go_chan *c)
{
    lock_take(&c->lock);
    c->inside++;
    lock_drop(&c->lock);
}

void chan_let_go(struct go_chan *c)
{
    lock_take(&c->lock);
    c->inside--;
    lock_drop(&c->lock);
}

/* Takes off every waiter of the queue that can be won, linked by next. */
static struct waiter *release_waiters(struct go_chan *c, struct wait_queue *q, struct waiter *others)
{
    struct waiter *w;
    while ((w = pop(c, q))) {
        if (q == &c->receivers && w->slot)
            sched_zero(w->slot, c->elem_size);
        w->result = -EPIPE;
        w->next = others;
        others = w;
    }
    return others;
}

int go_chan_close(go_chan *c)
{
    if (!c)
        return -EINVAL;
    sched_self();
    lock_take(&c->lock);
    if (load_relaxed(&c->closed)) {
        lock_drop(&c->lock);
        return -EPIPE;
    }
    store_relaxed(&c->closed, 1);
    struct waiter *woken = release_waiters(c, &c->receivers, NULL);
    woken = release_waiters(c, &c->senders, woken);
    lock_drop(&c->lock);
    wait_ready_all(woken);
    return 0;
}

ptrdiff_t go_chan_len(const go_chan *c)
{
    return c ? (ptrdiff_t)load_relaxed(&c->count) : -EINVAL;
}

ptrdiff_t go_chan_cap(const go_chan *c)
{
    return c ? (ptrdiff_t)c->capacity : -EINVAL;
}
