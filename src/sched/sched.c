/* Switching: who runs next, and what must be done for the one that has just left.
 *
 * A goroutine that parks, yields or ends picks its successor itself, from the rings of its processor, and switches straight to it:
 * one switch, no detour through a scheduler context. What must not happen before it is off its stack (dropping the lock it parked
 * under, queueing it, taking its memory back) is noted in m->after and done by whoever runs next on that thread, first thing.
 * Only where the own rings have nothing, or somebody asked for attention, the thread's scheduler context looks further (idle.c).
 *
 * Rejected: a scheduler context between any two goroutines, as Go has it (two switches and a cold stack for each hand-over);
 * requeueing before the switch (another thread could resume a stack that is still in use).
 *
 * All this runs in the library's own text, which is never preempted, so "the current thread" holds until the next switch.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/ending.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/preempt.h"
#include "sched/sched.h"
#include "sched/trace.h"

struct scheduler sched;

/* Where the CPU has no fault for it. What lies below the stack may be spoilt by now. */
static _Noreturn NOINLINE void found_overflow(struct goroutine *g)
{
    struct go_stack here = trace_caller();
    report_overflow(g, &here);
}

/* The one place that switches. A return-address predictor keeps up with a switch only if it always returns to the same place. */
static NOINLINE void switch_to(struct thread *m, struct goroutine *from, struct goroutine *to, bool for_ever)
{
    if (unlikely(arch_overflow()))
        found_overflow(from);
    m->current = to;
    m->came_from = from;
    if (unlikely(from->identity || to->identity))
        identity_switch(m, to);
    fiber_leave(&from->fiber, &to->fiber, for_ever);
    arch_switch(&from->sp, to->sp);
    switch_arrive();
}

static void finish(struct thread *m, struct after after)
{
    switch (after.kind) {
    case AFTER_NOTHING:
        break;
    case AFTER_UNLOCK:
        lock_drop(after.lock);
        break;
    case AFTER_CALL:
        after.call(after.argument);
        break;
    case AFTER_YIELD:
        queue_woken(m->p, after.g);
        monitor_tell();
        break;
    case AFTER_LAST:
        queue_last(after.g);
        wake_any();
        break;
    case AFTER_DEAD:
        goroutine_bury(after.g);
        break;
    }
}

/* First thing on a stack that was switched to, on whatever thread it is now. */
void switch_arrive(void)
{
    struct thread *m = thread_self();
    if (likely(m->came_from != NULL)) /* not a thread that has just begun */
        fiber_arrive(&m->current->fiber, &m->came_from->fiber);
    struct after after = m->after;
    if (after.kind != AFTER_NOTHING) {
        m->after.kind = AFTER_NOTHING;
        finish(m, after);
    }
    if (unlikely(m->masked) && m->current->kind == KIND_GOROUTINE && !m->current->frame) {
        m->masked = false;
        os_interrupt_unmask();
    }
}

static void count_switch(struct processor *p, struct goroutine *g)
{
    bump(&p->switches);
    store_relaxed(&g->state, G_RUNNING);
}

/* The newest fresh and the oldest woken one, by turns. */
struct goroutine *take_own(struct processor *p)
{
    p->fresh_turn = !p->fresh_turn;
    struct goroutine *g = p->fresh_turn ? deque_pop(&p->fresh) : ring_get(&p->woken);
    if (!g)
        g = p->fresh_turn ? ring_get(&p->woken) : deque_pop(&p->fresh);
    return g;
}

/* What runs next if nothing but the own queues is asked; NULL: the scheduler context must look. */
static struct goroutine *pick(struct thread *m)
{
    struct processor *p = m->p;
    if (unlikely(!p) || unlikely(m->bound != NULL) || unlikely(load_relaxed(&p->attention)))
        return NULL;
    if (unlikely(!m->identity))
        return NULL;
    struct goroutine *g = queue_take_next(p);
    if (g)
        return g;
    if (unlikely((++p->picks & LOOK_AROUND_MASK) == 0)) {
        p->look_around = true;
        return NULL;
    }
    g = take_own(p);
    if (g)
        bump(&p->tick);
    return g;
}

/* Leaves goroutine g for the best successor. Whatever m->after holds happens then. Returns when g runs again. */
static void leave(struct thread *m, struct goroutine *g, bool for_ever)
{
    struct goroutine *next = pick(m);
    if (next) {
        struct processor *p = m->p;
        count_switch(p, next);
        if (unlikely(load_relaxed(&p->due) < load_relaxed(&monitor_until)))
            timers_watch();
    } else {
        next = &m->scheduler;
    }
    switch_to(m, g, next, for_ever);
}

static void switch_settled(struct thread *m, struct goroutine *g, bool look_around)
{
    if (unlikely(g->identity) && !g->interrupted)
        identity_settle(m, g);
    if (look_around) {
        switch_to(m, g, &m->scheduler, false);
    } else {
        leave(m, g, false);
    }
}

/* In a catch block of C++, or a destructor that an exception has called. The thread's list of these is nobody else's, and is
 * the goroutine's own again when it goes on, wherever that is. */
static NOINLINE void switch_throwing(struct thread *m, struct goroutine *g, bool look_around)
{
    struct exceptions kept = exceptions_take(m->exceptions);
    switch_settled(m, g, look_around);
    *thread_self()->exceptions = kept;
}

/* Who is taken off at an arbitrary instruction keeps the identity, and in it the exceptions. */
void switch_away(struct thread *m, struct goroutine *g, bool look_around)
{
    if (unlikely(exceptions_any(m->exceptions)) && !g->interrupted) {
        switch_throwing(m, g, look_around);
    } else {
        switch_settled(m, g, look_around);
    }
}

_Noreturn void switch_from_dead(struct thread *m, struct goroutine *g)
{
    exceptions_take(m->exceptions); /* what it has jumped out of is not the next one's */
    m->after = (struct after){.kind = AFTER_DEAD, .g = g};
    leave(m, g, true);
    fatal("a dead goroutine runs");
}

/* ---- the scheduler context ---- */

/* A thread tied to a goroutine runs nothing else: it lends its processor out and sleeps until the goroutine is due. */
static void run_bound(struct thread *m)
{
    if (m->p)
        hand_over(processor_drop(m));
    deadlock_check();
    thread_sleep(m, TIME_NEVER); /* partner: give_to_bound; it may have come first */
    store_relaxed(&m->note, 0);
    processor_take(m, m->handed);
    m->handed = NULL;
    m->searching = false;
}

/* g runs on another thread only: that one gets our processor, and we go idle. */
static void give_to_bound(struct thread *m, struct goroutine *g)
{
    thread_wake(g->bound, processor_drop(m), false);
}

static _Noreturn void retire_thread(struct thread *m)
{
    if (m->p)
        hand_over(processor_drop(m));
    thread_retire(m);
}

static struct goroutine *choose(struct thread *m)
{
    if (m->quits)
        retire_thread(m);
    if (m->bound) {
        run_bound(m);
        return m->bound;
    }
    for (;;) {
        struct goroutine *g = unlikely(m == load_relaxed(&sched.relief)) ? relief_find_work(m) : find_work(m);
        if (!g->bound)
            return g;
        if (g->bound == m)
            return g;
        give_to_bound(m, g);
    }
}

/* What each thread does when it has no goroutine to run. */
_Noreturn void schedule_for_ever(void)
{
    switch_arrive();
    for (;;) {
        struct thread *m = thread_self();
        struct goroutine *g = choose(m);
        bump(&m->p->tick);
        store_relaxed(&m->decides, 0);
        count_switch(m->p, g);
        timers_watch();
        /* What we moved here from elsewhere was nowhere for a moment; the monitor may have gone to sleep just then. */
        if (processor_has_work(m->p) || load_relaxed(&sched.queued))
            monitor_tell();
        switch_to(m, &m->scheduler, g, false);
    }
}
