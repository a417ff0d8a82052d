/* Waiting for an edge, of one descriptor or of several.
 *
 * Who waits for several puts a waiter on each queue, all with one claim, as a select does on its channels: under the locks of all
 * of them, taken in the order of their addresses. Whoever wins the claim has the goroutine, and the others pass it by.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/desc.h"

#include <errno.h>

#include "goroutine/abi.h"

static bool is_shut(struct desc *d)
{
    return load_ordered(&d->users) >= DESC_CLOSING;
}

static bool edge_came(struct desc *d, enum way way, uint32_t seen)
{
    return load_relaxed(&d->edges[way]) != seen;
}

/* Under the lock. 1: the caller has to wait; 0: it tries again; else why it does neither. */
static int must_wait(struct desc *d, enum way way, uint32_t seen, int64_t deadline)
{
    if (is_shut(d))
        return -EBADF;
    if (edge_came(d, way, seen))
        return 0;
    int passed = deadline_passed(deadline);
    return passed ? passed : 1;
}

int desc_wait(struct desc *d, enum way way, uint32_t seen, int64_t deadline)
{
    static const char *const why[WAYS] = {"read", "write"};
    int result = desc_is(d, DESC_OURS) ? 0 : desc_watch(d);
    if (result)
        return result == -EPERM ? 0 : result; /* always ready */
    struct waiter w = {.g = sched_self()};    /* it may have to wait for a processor first: with no lock */
    lock_take(&d->lock);
    result = must_wait(d, way, seen, deadline);
    if (result == 1) {
        return wait_in_line(&d->lock, &d->waiting[way], &w, deadline, why[way]);
    }
    lock_drop(&d->lock);
    return result;
}

static int64_t end_of_pause(int64_t *pause, int64_t most)
{
    *pause = *pause == 0 ? GO_MILLISECOND : *pause < most ? 2 * *pause : most;
    return sched_now() + *pause;
}

/* The pause is over, or it was not worth while; but who was cancelled meanwhile does not look once more. */
static int end_pause(int result, int64_t until, int64_t deadline)
{
    if (result == -ETIMEDOUT && until < deadline)
        result = 0;
    return result ? result : sched_cancelled();
}

int desc_pause(struct desc *d, enum way way, uint32_t seen, int64_t *pause, int64_t deadline)
{
    int64_t until = end_of_pause(pause, 256 * GO_MILLISECOND);
    return end_pause(desc_wait(d, way, seen, until < deadline ? until : deadline), until, deadline);
}

int desc_sit_out(struct desc *d, enum way way, int64_t *pause, int64_t deadline)
{
    int64_t until = end_of_pause(pause, 16 * GO_MILLISECOND);
    int result;
    do
        result = desc_wait(d, way, desc_edges(d, way), until < deadline ? until : deadline);
    while (result == 0);
    return end_pause(result, until, deadline);
}

/* ---- one of several ---- */

struct hopes {
    struct desc_hope *at; /* by the addresses of their descriptors */
    int n;
};

static void sort(const struct hopes *h)
{
    for (int i = 1; i < h->n; i++) {
        struct desc_hope moved = h->at[i];
        int k = i;
        for (; k > 0 && (uintptr_t)h->at[k - 1].d > (uintptr_t)moved.d; k--)
            h->at[k] = h->at[k - 1];
        h->at[k] = moved;
    }
}

static bool same_as_before(const struct hopes *h, int i)
{
    return i > 0 && h->at[i].d == h->at[i - 1].d;
}

static void lock_all(const struct hopes *h)
{
    for (int i = 0; i < h->n; i++)
        if (!same_as_before(h, i))
            lock_take(&h->at[i].d->lock);
}

/* Backwards, so that the goroutine, which takes every lock once more before it goes on, cannot be gone before the last is dropped.
 */
static void unlock_all(void *argument)
{
    const struct hopes *h = argument;
    struct lock *last = &h->at[0].d->lock;
    for (int i = h->n; i-- > 1;)
        if (!same_as_before(h, i))
            lock_drop(&h->at[i].d->lock);
    lock_drop(last);
}

/* As must_wait. */
static int must_wait_for_any(const struct hopes *h, int64_t deadline)
{
    bool came = false;
    for (int i = 0; i < h->n; i++) {
        const struct desc_hope *one = &h->at[i];
        if (is_shut(one->d))
            return -EBADF;
        came = came || edge_came(one->d, one->way, one->seen);
    }
    int passed = came ? 0 : deadline_passed(deadline);
    return came || passed ? passed : 1;
}

/* Called with all the locks, returns with them. */
static int wait_for_first(struct hopes *h, int64_t deadline, const char *why)
{
    _Atomic uint32_t claim = 0;
    for (int i = 0; i < h->n; i++) {
        struct desc_hope *one = &h->at[i];
        one->waiter = (struct waiter){.g = sched_self(), .claim = &claim, .index = (uint32_t)i};
        wait_queue_push(&one->d->waiting[one->way], &one->waiter);
    }
    struct desc_hope *first = &h->at[0];
    wait_for_many(&first->d->lock, &first->d->waiting[first->way], &first->waiter, deadline, why, unlock_all, h);
    lock_all(h);
    for (int i = 0; i < h->n; i++)
        if (h->at[i].waiter.queued)
            wait_queue_remove(&h->at[i].d->waiting[h->at[i].way], &h->at[i].waiter);
    return h->at[load_relaxed(&claim) - 1].waiter.result;
}

int desc_wait_any(struct desc_hope *hopes, int n, int64_t deadline, const char *why)
{
    struct hopes h = {hopes, n};
    for (int i = 0; i < n; i++) {
        int result = desc_is(hopes[i].d, DESC_OURS) ? 0 : desc_watch(hopes[i].d);
        if (result)
            return result == -EPERM ? 0 : result;
    }
    sort(&h);
    lock_all(&h);
    int result = must_wait_for_any(&h, deadline);
    if (result == 1)
        result = wait_for_first(&h, deadline, why);
    unlock_all(&h);
    return result;
}
