/* Queues of runnable goroutines: the two rings of a processor, its next slot, and the global lists.
 *
 * Who runs when: the next slot first, within the slice of the goroutine that filled it, so that a pair that wakes each other stays
 * on one warm processor. Then, by turns, the newest of the fresh ones (depth first: a tree of goroutines needs few stacks at a
 * time) and the oldest of the woken ones. Then the lists that all processors share: woken by plain threads, those for whom a ring
 * had no room, and last the preempted ones, which never enter a ring again: one that wakes up would have to wait for their slices.
 *
 * Nobody starves: every 64th pick from the rings takes from the shared lists, before anything new is let in; when a slice is over
 * the next slot joins the ring; and if no preempted goroutine, or not the oldest fresh one, has run for two slices, the monitor
 * gives them their turn, a slice long, so that by time, not by number, the long-running and the short-running share the processor.
 * Where a goroutine cannot be taken off, those behind it are moved to the shared lists: others look there before they go on with
 * who was preempted, but steal only when they have nobody at all. The woken stay in order also where the rings overflow: newest
 * first, the oldest of a crowd that comes back again and again would wait for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runq.h"

#include "sched/runtime.h"

#define SLOT(i) ((uint32_t)(i) % RING_SIZE)

/* ---- first in, first out ---- */

/* Owner. False: full. */
bool ring_put(struct ring *r, struct goroutine *g)
{
    uint32_t head = load_acquire(&r->head); /* partner: the CAS of who took; its slot is free again */
    uint32_t tail = load_relaxed(&r->tail);
    if (tail - head >= RING_SIZE)
        return false;
    store_relaxed(&r->slots[SLOT(tail)], g);
    store_release(&r->tail, tail + 1); /* partner: load of tail in ring_grab */
    return true;
}

/* Owner. */
struct goroutine *ring_get(struct ring *r)
{
    uint32_t head = load_acquire(&r->head);
    uint32_t tail = load_relaxed(&r->tail);
    while (head != tail) {
        struct goroutine *g = load_relaxed(&r->slots[SLOT(head)]);
        if (cas_ordered(&r->head, &head, head + 1))
            return g;
    }
    return NULL;
}

/* Anybody: takes the older half; `batch` has room for RING_SIZE / 2 + 1. */
uint32_t ring_grab(struct ring *r, struct goroutine **batch)
{
    uint32_t head = load_acquire(&r->head);
    for (;;) {
        uint32_t tail = load_acquire(&r->tail); /* partner: the release store in ring_put */
        uint32_t count = tail - head;
        count -= count / 2;
        if (count == 0)
            return 0;
        if (count > RING_SIZE / 2 + 1) { /* head moved on between the two loads */
            head = load_acquire(&r->head);
            continue;
        }
        for (uint32_t i = 0; i < count; i++)
            batch[i] = load_relaxed(&r->slots[SLOT(head + i)]);
        if (cas_ordered(&r->head, &head, head + count))
            return count;
    }
}

static bool ring_full(struct ring *r)
{
    return load_relaxed(&r->tail) - load_acquire(&r->head) >= RING_SIZE;
}

bool ring_empty(struct ring *r)
{
    return load_ordered(&r->head) == load_ordered(&r->tail);
}

/* ---- last in, first out ---- */

/* The indexes wrap around, so only their difference has a meaning. */
static int32_t deque_length(uint32_t top, uint32_t bottom)
{
    return (int32_t)(bottom - top);
}

/* Owner. False: full. */
bool deque_push(struct deque *d, struct goroutine *g)
{
    uint32_t bottom = load_relaxed(&d->bottom);
    uint32_t top = load_acquire(&d->top); /* partner: the CAS of a thief; its slot is free again */
    if (deque_length(top, bottom) >= RING_SIZE)
        return false;
    store_relaxed(&d->slots[SLOT(bottom)], g);
    store_release(&d->bottom, bottom + 1); /* partner: load of bottom in deque_steal */
    return true;
}

/* Owner. */
struct goroutine *deque_pop(struct deque *d)
{
    uint32_t bottom = load_relaxed(&d->bottom);
    if (bottom == load_relaxed(&d->top)) /* only the owner adds, so empty is empty */
        return NULL;
    bottom--;
    /* Claim the newest before looking at top; partner: a thief reads top, then bottom. Both orders are total. */
    swap_ordered(&d->bottom, bottom);
    uint32_t top = load_ordered(&d->top);
    if (deque_length(top, bottom) > 0)
        return load_relaxed(&d->slots[SLOT(bottom)]);
    struct goroutine *g = NULL;
    if (top == bottom) { /* the last one: whoever moves top has it */
        g = load_relaxed(&d->slots[SLOT(bottom)]);
        if (!cas_ordered(&d->top, &top, top + 1))
            g = NULL;
    }
    store_relaxed(&d->bottom, bottom + 1);
    return g;
}

/* Anybody: the oldest. */
struct goroutine *deque_steal(struct deque *d)
{
    uint32_t top = load_ordered(&d->top);
    for (;;) {
        uint32_t bottom = load_ordered(&d->bottom);
        if (deque_length(top, bottom) <= 0)
            return NULL;
        struct goroutine *g = load_relaxed(&d->slots[SLOT(top)]);
        if (cas_ordered(&d->top, &top, top + 1))
            return g;
    }
}

static bool deque_full(struct deque *d)
{
    return deque_length(load_acquire(&d->top), load_relaxed(&d->bottom)) >= RING_SIZE;
}

bool deque_empty(struct deque *d)
{
    uint32_t top = load_ordered(&d->top);
    return deque_length(top, load_ordered(&d->bottom)) <= 0;
}

/* ---- linked lists ---- */

void list_add(struct list *l, struct goroutine *g)
{
    g->link = NULL;
    if (l->count == 0)
        l->last = &l->first;
    *l->last = g;
    l->last = &g->link;
    l->count++;
}

struct goroutine *list_take(struct list *l)
{
    struct goroutine *g = l->first;
    if (g) {
        l->first = g->link;
        l->count--;
    }
    return g;
}

/* ---- the queues by their meaning ---- */

static void add_shared(struct list *l, struct goroutine **batch, uint32_t count)
{
    lock_take(&sched.lock);
    for (uint32_t i = 0; i < count; i++)
        list_add(l, batch[i]);
    /* Ordered; partner: going idle publishes idle_count, then looks at queued. */
    add_ordered(&sched.queued, count);
    lock_drop(&sched.lock);
}

/* Behind everybody. */
void queue_last(struct goroutine *g)
{
    add_ordered(&sched.preempted_waiting, 1);
    add_shared(&sched.preempted, &g, 1);
}

void queue_overflow(struct goroutine *g)
{
    add_shared(&sched.woken, &g, 1);
}

/* For who has no processor of its own to queue on. The caller wakes somebody. */
void queue_urgent(struct goroutine *g)
{
    add_shared(&sched.urgent, &g, 1);
    store_relaxed(&sched.urgent_waiting, 1);
}

void queue_woken(struct processor *p, struct goroutine *g)
{
    if (unlikely(!ring_put(&p->woken, g)))
        add_shared(&sched.woken, &g, 1);
}

/* A full one spills its older half, in one go. */
void queue_fresh(struct processor *p, struct goroutine *g)
{
    struct goroutine *batch[RING_SIZE / 2 + 1];
    if (likely(deque_push(&p->fresh, g)))
        return;
    uint32_t count = 0;
    while (count < RING_SIZE / 2) {
        struct goroutine *old = deque_steal(&p->fresh);
        if (!old)
            break;
        batch[count++] = old;
    }
    batch[count++] = g;
    add_shared(&sched.fresh, batch, count);
}

/* One more into the own queues; only the owner adds, so there is still room when it comes to that. Under sched.lock. */
static uint32_t move_woken(struct processor *p, struct list *from)
{
    return from->count && !from->first->bound && !ring_full(&p->woken) && ring_put(&p->woken, list_take(from));
}

static uint32_t move_fresh(struct processor *p)
{
    return sched.fresh.count && !deque_full(&p->fresh) && deque_push(&p->fresh, list_take(&sched.fresh));
}

/* A fair share of those that the rings could not hold, or that no processor knows of, into the own queues, by turns. Under
 * sched.lock. */
static uint32_t take_share(struct processor *p)
{
    uint32_t share = (sched.urgent.count + sched.woken.count + sched.fresh.count) / (uint32_t)load_relaxed(&sched.processors);
    uint32_t taken = 0, moved = 1;
    for (; moved && taken < share && taken < RING_SIZE / 2; taken += moved)
        moved = move_woken(p, &sched.urgent) + move_woken(p, &sched.woken) + move_fresh(p);
    return taken;
}

/* The urgent ones first, but where they never end the others have every second turn. Under sched.lock. */
static struct goroutine *take_waiting(struct processor *p)
{
    p->urgent_turn = !p->urgent_turn;
    struct goroutine *g = p->urgent_turn ? list_take(&sched.urgent) : NULL;
    if (g || (g = list_take(&sched.woken)) || (g = list_take(&sched.fresh)))
        return g;
    return list_take(&sched.urgent);
}

/* Under sched.lock. */
static struct goroutine *take_preempted(void)
{
    struct goroutine *g = list_take(&sched.preempted);
    if (g) {
        add_ordered(&sched.preempted_waiting, -1u);
        bump(&sched.preempted_taken);
    }
    return g;
}

/* One to run from the shared lists, and some more into the own queues; NULL: there is none. */
struct goroutine *queue_take_shared(struct processor *p, bool preempted_too)
{
    if (load_relaxed(&sched.queued) == 0)
        return NULL;
    lock_take(&sched.lock);
    struct goroutine *g = take_waiting(p);
    if (!g && preempted_too)
        g = take_preempted();
    uint32_t taken = (g != NULL) + take_share(p);
    store_relaxed(&sched.urgent_waiting, sched.urgent.count);
    add_ordered(&sched.queued, -taken);
    lock_drop(&sched.lock);
    return g;
}

struct goroutine *queue_take_preempted(void)
{
    lock_take(&sched.lock);
    struct goroutine *g = take_preempted();
    if (g)
        add_ordered(&sched.queued, -1u);
    lock_drop(&sched.lock);
    return g;
}

/* Who was taken off has an identity, nearly always; the others come behind. */
struct goroutine *queue_take_identified(void)
{
    for (uint32_t n = load_relaxed(&sched.preempted_waiting); n > 0; n--) {
        struct goroutine *g = queue_take_preempted();
        if (!g || g->identity || g->bound)
            return g;
        queue_last(g);
    }
    return NULL;
}

/* What waits on a processor that does not come to it, or the older part, goes where all look. By anybody; on its way it is counted,
 * so that no look for a deadlock is misled, and it is queued as by a plain thread. */
void queue_give_away(struct processor *p)
{
    struct goroutine *batch[RING_SIZE / 2 + 1];
    add_ordered(&sched.blocking, 1);
    uint32_t count = ring_grab(&p->woken, batch);
    if (count)
        add_shared(&sched.woken, batch, count);
    for (count = 0; count < RING_SIZE / 2 && (batch[count] = deque_steal(&p->fresh)); count++)
        continue;
    if (count)
        add_shared(&sched.fresh, batch, count);
    if ((batch[0] = queue_take_next(p)))
        add_shared(&sched.woken, batch, 1);
    wake_any();
    add_ordered(&sched.blocking, -1u);
}

/* Owner or thief. */
struct goroutine *queue_take_next(struct processor *p)
{
    struct goroutine *g = load_relaxed(&p->next);
    while (g && !cas_ordered(&p->next, &g, NULL))
        ;
    return g;
}
