/* The table of descriptors, and waiting for one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/desc.h"

#include <errno.h>

#include "os/net.h"

enum { CHUNK = 1024, CHUNKS = 4096 };

#define DESC_CLOSING (1u << 30) /* the door is shut */
#define DESC_CLOSED  (1u << 31) /* one of those inside was the last, and closes it */

static _Atomic(struct desc *) table[CHUNKS]; /* chunks, never freed */

/* ---- the table ---- */

static struct desc *add_chunk(int i)
{
    struct desc *made = sched_alloc(CHUNK * sizeof *made), *there = NULL;
    if (!made)
        return NULL;
    sched_zero(made, CHUNK * sizeof *made);
    for (int k = 0; k < CHUNK; k++)
        made[k].fd = i * CHUNK + k;
    if (cas_ordered(&table[i], &there, made))
        return made;
    sched_free(made);
    return there;
}

static int find(int fd, struct desc **d)
{
    if (fd < 0)
        return -EBADF;
    if (fd >= CHUNK * CHUNKS)
        return -EMFILE;
    struct desc *chunk = load_acquire(&table[fd / CHUNK]); /* partner: the exchange in add_chunk */
    if (!chunk && !(chunk = add_chunk(fd / CHUNK)))
        return -ENOMEM;
    *d = &chunk[fd % CHUNK];
    return 0;
}

static bool anybody_waits(void)
{
    for (int i = 0; i < CHUNKS; i++) {
        struct desc *chunk = load_acquire(&table[i]);
        for (int k = 0; chunk && k < CHUNK; k++)
            if (!wait_queue_empty(&chunk[k].waiting[WAY_READ]) || !wait_queue_empty(&chunk[k].waiting[WAY_WRITE]))
                return true;
    }
    return false;
}

/* ---- the door ---- */

int desc_enter(int fd, struct desc **d)
{
    int error = find(fd, d);
    if (error)
        return error;
    if (add_ordered(&(*d)->users, 1) < DESC_CLOSING)
        return 0;
    desc_leave(*d);
    return -EBADF;
}

static void forget(struct desc *d)
{
    d->ours = d->socket = d->stream = false;
    store_relaxed(&d->drained, 0);
    store_relaxed(&d->ended, false);
}

int desc_leave(struct desc *d)
{
    uint32_t closing = DESC_CLOSING;
    if (add_ordered(&d->users, -1u) - 1 != DESC_CLOSING || !cas_ordered(&d->users, &closing, DESC_CLOSED))
        return 0;
    int fd = d->fd;
    forget(d);
    add_ordered(&d->users, -DESC_CLOSED); /* as soon as it is closed the number may be another file's */
    preempt_hold();
    int result = os_io_close(fd);
    preempt_release();
    return result;
}

/* Under the lock: all who wait, linked by next, for wait_ready_all. */
static struct waiter *take_all(struct wait_queue *q, int32_t result)
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

bool desc_shut(struct desc *d)
{
    if (atomic_fetch_or(&d->users, DESC_CLOSING) >= DESC_CLOSING)
        return false;
    lock_take(&d->lock);
    struct waiter *readers = take_all(&d->waiting[WAY_READ], -EBADF);
    struct waiter *writers = take_all(&d->waiting[WAY_WRITE], -EBADF);
    lock_drop(&d->lock);
    wait_ready_all(readers);
    wait_ready_all(writers);
    return true;
}

/* ---- edges ---- */

/* Under the lock. Whoever waits tries again. */
static struct waiter *edge(struct desc *d, enum way way, bool now)
{
    if (!now)
        return NULL;
    store_release(&d->edges[way], load_relaxed(&d->edges[way]) + 1);
    return take_all(&d->waiting[way], 0);
}

static void dispatch(const struct os_ready *ready, int n)
{
    for (int i = 0; i < n; i++) {
        struct desc *d = ready[i].tag;
        lock_take(&d->lock);
        if (ready[i].ended)
            store_relaxed(&d->ended, true);
        struct waiter *readers = edge(d, WAY_READ, ready[i].readable);
        struct waiter *writers = edge(d, WAY_WRITE, ready[i].writable);
        lock_drop(&d->lock);
        wait_ready_all(readers);
        wait_ready_all(writers);
    }
}

static const struct poller poller = {
    .dispatch = dispatch, .anybody_waits = anybody_waits, .start = os_poller_start, .wait = os_poller_wait, .wake = os_poller_wake};

/* What another part of the program has opened may have been closed and opened again since: asked each time. */
static int watch(struct desc *d)
{
    int error = sched_start_poller(&poller);
    if (error)
        return error;
    error = os_poller_add(d->fd, d);
    return error == -EEXIST ? 0 : error;
}

static int take_in(struct desc *d)
{
    struct os_io_kind kind;
    int error = os_io_kind(d->fd, &kind);
    if (error)
        return error;
    (void)load_ordered(&d->users); /* partner: the last step of who closed the number before, in desc_leave */
    d->ours = true;
    d->socket = kind.socket;
    d->stream = kind.stream;
    error = watch(d);
    if (error)
        forget(d);
    return error;
}

int desc_adopt(int fd)
{
    struct desc *d;
    int error = find(fd, &d);
    preempt_hold();
    if (!error)
        error = take_in(d);
    if (error)
        os_io_close(fd);
    preempt_release();
    return error ? error : fd;
}

/* ---- waiting ---- */

/* Under the lock. 1: the caller has to wait; 0: it tries again; else why it does neither. */
static int must_wait(struct desc *d, bool edge_came, int64_t deadline)
{
    if (load_ordered(&d->users) >= DESC_CLOSING)
        return -EBADF;
    int passed = edge_came ? 0 : deadline_passed(deadline);
    return edge_came || passed ? passed : 1;
}

int desc_wait(struct desc *d, enum way way, uint32_t seen, int64_t deadline)
{
    static const char *const why[WAYS] = {"read", "write"};
    int result = d->ours ? 0 : watch(d);
    if (result)
        return result == -EPERM ? 0 : result; /* always ready */
    lock_take(&d->lock);
    result = must_wait(d, load_relaxed(&d->edges[way]) != seen, deadline);
    if (result == 1) {
        struct waiter w = {.g = sched_self()};
        return wait_in_line(&d->lock, &d->waiting[way], &w, deadline, why[way]);
    }
    lock_drop(&d->lock);
    return result;
}

static void drop(void *lock)
{
    lock_drop(lock);
}

/* Under the lock, which it drops. One waiter in each queue; the first to be taken off is the one that counts. */
static int wait_both_ways(struct desc *d, int64_t deadline)
{
    _Atomic uint32_t claim = 0;
    struct waiter w[WAYS];
    for (uint32_t way = 0; way < WAYS; way++) {
        w[way] = (struct waiter){.g = sched_self(), .claim = &claim, .index = way};
        wait_queue_push(&d->waiting[way], &w[way]);
    }
    wait_for_many(&d->lock, &d->waiting[WAY_READ], &w[WAY_READ], deadline, "ready", drop, &d->lock);
    lock_take(&d->lock);
    for (int way = 0; way < WAYS; way++)
        if (w[way].queued)
            wait_queue_remove(&d->waiting[way], &w[way]);
    lock_drop(&d->lock);
    return w[load_relaxed(&claim) - 1].result;
}

int desc_wait_either(struct desc *d, const uint32_t seen[WAYS], int64_t deadline)
{
    int result = d->ours ? 0 : watch(d);
    if (result)
        return result == -EPERM ? 0 : result;
    lock_take(&d->lock);
    bool edge_came = load_relaxed(&d->edges[WAY_READ]) != seen[WAY_READ] || load_relaxed(&d->edges[WAY_WRITE]) != seen[WAY_WRITE];
    result = must_wait(d, edge_came, deadline);
    if (result == 1)
        return wait_both_ways(d, deadline);
    lock_drop(&d->lock);
    return result;
}
