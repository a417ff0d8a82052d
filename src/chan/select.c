/* Select: exactly one of several sends and receives.
 *
 * First a glance without locks: if a case looks ready, it is tried alone, under its own channel's lock. Else all channels are
 * locked, in the order of their addresses so that two selects cannot wait for each other, and looked at again: now "none is ready"
 * is true of one moment. Then one waiter is put on each channel's queue, all with the same claim word, and the goroutine parks; the
 * locks are dropped after the switch. Whoever wins the claim (a sender, a receiver, a close, the deadline) has the goroutine; the
 * others pass it by. Awake again, it takes the other waiters off, since they lie in the caller's cases and die with them.
 * docs/model/select.pml.
 *
 * The waiters lie in the reserved words of the cases: a select of any size allocates nothing and needs little stack.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chan/chan.h"

#include <errno.h>

#include "goroutine/abi.h"
#include "goroutine/select.h"

#define CASES_MOST 65536

/* What lies in the reserved words of a case. */
struct inside {
    struct waiter waiter;
    uint32_t order; /* order of case i: index of the case whose channel is i-th by address */
};
_Static_assert(sizeof(struct inside) <= sizeof(((struct go_case *)0)->reserved), "the reserved words of a case are too few");

struct selection {
    struct go_case *cases;
    uint32_t n;
    uint32_t live; /* cases with a channel */
    _Atomic uint32_t claim;
    struct lock own_lock; /* stands in where no case has a channel */
};

static struct inside *inside(struct go_case *c)
{
    return (struct inside *)c->reserved;
}

static struct go_case *in_order(struct selection *s, uint32_t i)
{
    return &s->cases[inside(&s->cases[i])->order];
}

static bool case_ready(const struct go_case *c)
{
    return c->chan && (c->op == GO_SEND ? chan_can_send(c->chan) : chan_can_recv(c->chan));
}

static int case_step(struct go_case *c, struct waiter **woken)
{
    return c->op == GO_SEND ? chan_send_step(c->chan, c->elem, woken) : chan_recv_step(c->chan, c->elem, woken);
}

/* One of the ready cases, each with equal chance; -1: none. */
static int choose(struct selection *s)
{
    int chosen = -1;
    uint32_t ready = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (!case_ready(&s->cases[i]))
            continue;
        ready++;
        if (ready == 1 || sched_random() % ready == 0)
            chosen = (int)i;
    }
    return chosen;
}

/* ---- all the locks ---- */

static void sift(struct selection *s, uint32_t i, uint32_t n)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= n)
            return;
        if (child + 1 < n && (uintptr_t)in_order(s, child)->chan < (uintptr_t)in_order(s, child + 1)->chan)
            child++;
        if ((uintptr_t)in_order(s, i)->chan >= (uintptr_t)in_order(s, child)->chan)
            return;
        uint32_t t = inside(&s->cases[i])->order;
        inside(&s->cases[i])->order = inside(&s->cases[child])->order;
        inside(&s->cases[child])->order = t;
        i = child;
    }
}

/* Heap sort: in place, and never quadratic. */
static void sort(struct selection *s)
{
    s->live = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->cases[i].chan)
            inside(&s->cases[s->live++])->order = i;
    }
    for (uint32_t i = s->live / 2; i-- > 0;)
        sift(s, i, s->live);
    for (uint32_t n = s->live; n > 1; n--) {
        uint32_t t = inside(&s->cases[0])->order;
        inside(&s->cases[0])->order = inside(&s->cases[n - 1])->order;
        inside(&s->cases[n - 1])->order = t;
        sift(s, 0, n - 1);
    }
}

static bool same_as_before(struct selection *s, uint32_t i)
{
    return i > 0 && in_order(s, i)->chan == in_order(s, i - 1)->chan;
}

static void lock_all(struct selection *s)
{
    for (uint32_t i = 0; i < s->live; i++) {
        if (!same_as_before(s, i))
            lock_take(&in_order(s, i)->chan->lock);
    }
    if (s->live == 0)
        lock_take(&s->own_lock);
}

static struct lock *first_lock(struct selection *s)
{
    return s->live ? &in_order(s, 0)->chan->lock : &s->own_lock;
}

/* Backwards, so that the goroutine, which needs every lock once more to leave, cannot be gone before the last is dropped. */
static void unlock_all(void *argument)
{
    struct selection *s = argument;
    struct lock *last = first_lock(s);
    for (uint32_t i = s->live; i-- > 1;) {
        if (!same_as_before(s, i))
            lock_drop(&in_order(s, i)->chan->lock);
    }
    lock_drop(last);
}

/* ---- waiting ---- */

/* Cases on the same channel stand in line by chance, not by their place: each must have the same. */
static void shuffle_same(struct selection *s)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < s->live; i++) {
        if (!same_as_before(s, i)) {
            first = i;
            continue;
        }
        uint32_t j = first + (uint32_t)(sched_random() % (i - first + 1));
        uint32_t t = inside(&s->cases[i])->order;
        inside(&s->cases[i])->order = inside(&s->cases[j])->order;
        inside(&s->cases[j])->order = t;
    }
}

static void enqueue_all(struct selection *s, struct goroutine *g)
{
    shuffle_same(s);
    for (uint32_t i = 0; i < s->live; i++) {
        struct go_case *c = in_order(s, i);
        struct waiter *w = &inside(c)->waiter;
        *w = (struct waiter){.g = g, .slot = c->elem, .claim = &s->claim, .index = (uint32_t)(c - s->cases)};
        c->chan->inside++;
        wait_queue_push(c->op == GO_SEND ? &c->chan->senders : &c->chan->receivers, w);
    }
}

/* Each lock once: by taking it we also know that unlock_all is through with it. */
static void dequeue_others(struct selection *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct go_case *c = &s->cases[i];
        if (!c->chan)
            continue;
        struct waiter *w = &inside(c)->waiter;
        lock_take(&c->chan->lock);
        c->chan->inside--;
        if (w->queued)
            wait_queue_remove(c->op == GO_SEND ? &c->chan->senders : &c->chan->receivers, w);
        lock_drop(&c->chan->lock);
    }
}

static int wait_for_one(struct selection *s, struct goroutine *g, int64_t deadline)
{
    /* The deadline is one more case, on no queue. */
    struct waiter w = {.g = g, .claim = &s->claim, .index = s->n};
    enqueue_all(s, g);
    wait_for_many(first_lock(s), NULL, &w, deadline, "select", unlock_all, s);
    dequeue_others(s);
    uint32_t winner = load_relaxed(&s->claim) - 1;
    if (winner == s->n)
        return w.result;
    s->cases[winner].result = inside(&s->cases[winner])->waiter.result;
    return (int)winner;
}

/* ---- the face ---- */

static int check(const struct go_case *cases, int n)
{
    if (n < 0 || n > CASES_MOST || (n > 0 && !cases))
        return -EINVAL;
    for (int i = 0; i < n; i++) {
        const struct go_case *c = &cases[i];
        if (c->op != GO_SEND && c->op != GO_RECV)
            return -EINVAL;
        if (c->chan && c->op == GO_SEND && !c->elem && c->chan->elem_size)
            return -EINVAL;
    }
    return 0;
}

/* -EAGAIN: the glance was wrong. */
static int try_one(struct go_case *c)
{
    struct waiter *woken = NULL;
    lock_take(&c->chan->lock);
    int result = case_step(c, &woken);
    lock_drop(&c->chan->lock);
    if (woken)
        sched_ready(woken->g);
    return result;
}

/* Takes off who was won elsewhere. */
static void clear_queues(struct selection *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct go_case *c = &s->cases[i];
        if (c->chan)
            wait_queue_first(c->op == GO_SEND ? &c->chan->receivers : &c->chan->senders);
    }
}

/* Under all locks: does one of the ready cases. -1: none is. A waiter that was won elsewhere makes a case look ready that is not;
 * the step takes it off, so this comes to an end. Where there is one there may be one in each case, of a goroutine that has not run
 * since: not each of them shall cost a look at all cases. */
static int step_one(struct selection *s, struct waiter **woken)
{
    for (;;) {
        int chosen = choose(s);
        if (chosen < 0)
            return chosen;
        int result = case_step(&s->cases[chosen], woken);
        if (result != -EAGAIN) {
            s->cases[chosen].result = result;
            return chosen;
        }
        clear_queues(s);
    }
}

static int select_locked(struct selection *s, struct goroutine *g, int64_t deadline)
{
    struct waiter *woken = NULL;
    sort(s);
    lock_all(s);
    int chosen = step_one(s, &woken);
    if (chosen < 0) {
        int error = deadline_passed(deadline);
        if (!error)
            return wait_for_one(s, g, deadline);
        chosen = error;
    }
    unlock_all(s);
    if (woken)
        sched_ready(woken->g);
    return chosen;
}

int go_select_until(struct go_case *cases, int n, int64_t deadline)
{
    int error = check(cases, n);
    if (unlikely(error))
        return error;
    struct goroutine *g = sched_self();
    struct selection s = {.cases = cases, .n = (uint32_t)n};
    int chosen = choose(&s);
    if (chosen >= 0) {
        int result = try_one(&cases[chosen]);
        if (result != -EAGAIN) {
            cases[chosen].result = result;
            return chosen;
        }
    }
    return select_locked(&s, g, deadline);
}

int go_select(struct go_case *cases, int n)
{
    return go_select_until(cases, n, GO_FOREVER);
}
