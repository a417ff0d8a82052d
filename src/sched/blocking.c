/* Announced blocking regions: the goroutine keeps its thread, the processor goes to others.
 *
 * A processor with nothing to do is idle at once. One with work is lent: if the region is short, its thread takes it back with one
 * compare-and-swap; if not, the monitor gives it to another thread at its next tick.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/sched.h"
#include "sched/trace.h"

#include "goroutine/task.h"

static void lend(struct thread *m)
{
    struct processor *p = processor_drop(m);
    m->lent = NULL;
    if (!processor_has_work(p) && load_relaxed(&sched.queued) == 0) {
        hand_over(p);
        return;
    }
    m->lent = p;
    bump(&p->lent);
    m->lent_word = P_LENT_TIMES(load_relaxed(&p->lent));
    store_ordered(&p->state, m->lent_word);
    timers_watch();
    monitor_tell();
}

void go_blocking_begin(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return;
    if (g->blocking == 0)
        relief_leave();
    if (g->blocking++)
        return;
    g->outside = trace_caller();
    store_relaxed(&g->since, load_relaxed(&sched.clock));
    store_release(&g->state, G_BLOCKED); /* partner: a dump, which reads `outside` after it */
    add_ordered(&sched.blocking, 1);
    lend(thread_self());
}

/* The processor that was lent, or any idle one. */
static bool take_back(struct thread *m)
{
    struct processor *p = m->lent;
    if (p) {
        uint32_t lent = m->lent_word;
        if (cas_ordered(&p->state, &lent, P_RUNNING)) { /* partners: look_at_lent, retired */
            processor_take(m, p);
            return true;
        }
    }
    lock_take(&sched.lock);
    p = idle_pop();
    lock_drop(&sched.lock);
    if (p)
        processor_take(m, p);
    return p != NULL;
}

/* No processor is free: the goroutine queues for one like everybody else, and its thread goes idle. */
void processor_queue_up(struct thread *m, struct goroutine *g)
{
    store_relaxed(&g->state, G_RUNNABLE);
    m->after = (struct after){.kind = AFTER_LAST, .g = g};
    switch_away(m, g, true);
}

void processor_acquire(struct thread *m, struct goroutine *g)
{
    if (take_back(m)) {
        store_relaxed(&g->state, G_RUNNING);
        if (load_relaxed(&m->p->due) < load_relaxed(&monitor_until))
            timers_watch();
    } else {
        processor_queue_up(m, g);
    }
}

static void leave_region(struct goroutine *g)
{
    g->blocking = 0;
    processor_acquire(thread_self(), g);
    /* Only now: a look for a deadlock must not find the goroutine nowhere. */
    add_ordered(&sched.blocking, -1u);
}

void go_blocking_end(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return;
    if (g->blocking == 0)
        panic("go_blocking_end without go_blocking_begin");
    if (g->blocking > 1) {
        g->blocking--;
        return;
    }
    leave_region(g);
    preempt_now();
}

/* Of a goroutine that a panic takes to where the region had not begun, or had not ended. */
void blocking_reset(struct goroutine *g, uint16_t blocking)
{
    if (g->blocking && !blocking)
        leave_region(g);
    else if (blocking && !g->blocking)
        go_blocking_begin();
    g->blocking = blocking;
}
