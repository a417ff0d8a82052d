/* Giving way without a signal: keeping preemption away while the library is in the middle of something, asking a goroutine to go,
 * and going in a call. All of it holds where there are no interrupts, too.
 *
 * A request is for one slice: who begins the next one has not been asked. That a processor is to look around (attention) is no
 * request: it says so also while somebody has his turn, or for a timer that can wait for the next switch.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/preempt.h"

#include "sched/monitor.h"
#include "sched/runtime.h"
#include "sched/sched.h"

void preempt_hold(void)
{
    struct thread *m = thread_mine();
    if (m)
        m->hold++;
}

void preempt_release(void)
{
    struct thread *m = thread_mine();
    if (m)
        m->hold--;
}

int64_t sched_now(void)
{
    struct thread *m = thread_mine();
    if (!m)
        return os_now();
    m->hold++;
    int64_t now = os_now();
    m->hold--;
    return now;
}

static uint32_t ticket(struct processor *p)
{
    return load_relaxed(&p->tick) << 1 | 1;
}

struct thread *preempt_ask(struct processor *p)
{
    processor_ask(p);
    struct thread *m = load_acquire(&p->m);
    if (m)
        store_relaxed(&m->wanted, ticket(p));
    return m;
}

bool preempt_is_wanted(struct thread *m)
{
    return load_relaxed(&m->wanted) == ticket(m->p);
}

void preempt_leave(struct thread *m)
{
    struct goroutine *g = m->current;
    if (!thread_self()) {
        taken_return();
        return;
    }
    store_relaxed(&g->state, G_RUNNABLE);
    store_relaxed(&g->since, load_relaxed(&sched.clock));
    store_relaxed(&m->p->began, sched_now());
    store_release(&m->p->began_tick, load_relaxed(&m->p->tick) + 1); /* partner: begin_of_slice */
    m->after = (struct after){.kind = AFTER_LAST, .g = g};
    switch_away(m, g, true);
}

void preempt_keeping_errno(struct thread *m, void (*leave)(struct thread *m))
{
    int saved = *os_errno();
    leave(m);
    *os_errno() = saved;
}

static NOINLINE void give_way(struct thread *m)
{
    struct goroutine *g = m->current;
    if (!m->p || !preempt_is_wanted(m) || m->hold || g->preempt_off || g->kind != KIND_GOROUTINE)
        return;
    store_relaxed(&m->wanted, 0);
    bump(&m->p->gave_way);
    preempt_keeping_errno(m, preempt_leave);
}

void preempt_now(void)
{
    struct thread *m = thread_self();
    if (m && unlikely(load_relaxed(&m->wanted)))
        give_way(m);
}
