/* The two doors of blocking: park and ready. Nothing else changes whether a goroutine can run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/monitor.h"
#include "sched/sched.h"

NOINLINE static struct goroutine *self_slow(void)
{
    forked_check();
    if (taken_return())
        return thread_self()->current;
    if (os_thread_is_first() && sched_ensure() == 0) {
        struct thread *m = thread_self();
        if (m)
            return m->current;
    }
    return thread_stand_in();
}

struct goroutine *sched_self(void)
{
    struct thread *m = thread_self();
    return likely(m != NULL) ? m->current : self_slow();
}

static void stop_thread(struct goroutine *g)
{
    while (load_acquire(&g->note) == 0) /* partner: the store in sched_ready */
        os_wait(&g->note, 0, TIME_NEVER);
    store_relaxed(&g->note, 0);
    store_relaxed(&g->state, G_RUNNING);
}

static void describe(struct goroutine *g, const char *why, const void *where)
{
    store_relaxed(&g->why, why);
    store_relaxed(&g->where, where);
    store_relaxed(&g->since, load_relaxed(&sched.clock));
    store_relaxed(&g->state, G_WAITING);
}

void sched_park(struct lock *lock, const char *why, const void *where)
{
    struct goroutine *g = sched_self();
    describe(g, why, where);
    if (unlikely(g->kind == KIND_THREAD)) {
        lock_drop(lock);
        stop_thread(g);
        return;
    }
    struct thread *m = thread_self();
    if (unlikely(g->blocking))
        ruin("go_blocking_begin: a call that blocks the goroutine (%s) before go_blocking_end", why);
    m->after.kind = AFTER_UNLOCK;
    m->after.lock = lock;
    switch_away(m, g, false);
}

void sched_park_with(void (*release)(void *), void *argument, const char *why, const void *where)
{
    struct goroutine *g = sched_self();
    describe(g, why, where);
    if (unlikely(g->kind == KIND_THREAD)) {
        release(argument);
        stop_thread(g);
        return;
    }
    struct thread *m = thread_self();
    if (unlikely(g->blocking))
        ruin("go_blocking_begin: a call that blocks the goroutine (%s) before go_blocking_end", why);
    m->after = (struct after){.kind = AFTER_CALL, .call = release, .argument = argument};
    switch_away(m, g, false);
}

/* Runs next, within the slice of the goroutine that wakes it; who was to run next goes to the ring. */
static void put_next(struct processor *p, struct goroutine *g)
{
    struct goroutine *old = load_relaxed(&p->next);
    if (old)
        old = swap_ordered(&p->next, g);
    else
        store_release(&p->next, g); /* only the owner fills it; partner: the CAS in queue_take_next */
    if (old)
        queue_woken(p, old);
}

/* The lines that are read to make it ready. */
void sched_fetch(const struct goroutine *g)
{
    __builtin_prefetch(g);
    __builtin_prefetch((const char *)g + CACHE_LINE);
}

/* The frames from the switch up to the call of the program's; of one that is still leaving, others. */
void sched_fetch_stack(const struct goroutine *g)
{
    for (int i = 0; i < 10; i++)
        __builtin_prefetch((const char *)g->sp + i * CACHE_LINE);
}

void sched_ready(struct goroutine *g)
{
    if (unlikely(g->kind == KIND_THREAD)) {
        /* After the store the thread may be gone; waking a word that is no more is harmless. */
        preempt_hold();
        store_release(&g->note, 1);
        os_wake(&g->note, 1);
        preempt_release();
        return;
    }
    store_relaxed(&g->state, G_RUNNABLE);
    struct thread *m = thread_self();
    struct processor *p = m ? m->p : NULL;
    if (unlikely(!p || g->bound)) {
        queue_urgent(g);
        wake_any();
        return;
    }
    if (m->current->kind == KIND_GOROUTINE) {
        put_next(p, g);
        wake_for(p);
    } else {
        queue_woken(p, g);
    }
}

void sched_yield_now(void)
{
    struct goroutine *g = sched_self();
    if (unlikely(g->kind == KIND_THREAD)) {
        os_thread_yield();
        return;
    }
    struct thread *m = thread_self();
    if (unlikely(g->blocking)) {
        os_thread_yield();
        return;
    }
    store_relaxed(&g->state, G_RUNNABLE);
    /* Everybody else has a turn first: also who waits behind all the rings. */
    m->after.kind = m->bound || load_relaxed(&sched.queued) ? AFTER_LAST : AFTER_YIELD;
    m->after.g = g;
    switch_away(m, g, false);
}
