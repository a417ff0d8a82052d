/* Preemption where there are no interrupts: a goroutine goes when it calls the library and was asked to, and never else. What keeps
 * preemption away has nothing to do.
 *
 * That a processor is to look around (attention) is no such request: it says so also while somebody has his turn, or a timer is due
 * that can wait for the next switch. Who went for that would get on by a single call in his turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/preempt.h"

#include "sched/runtime.h"
#include "sched/sched.h"

void preempt_hold(void)
{
    struct thread *m = thread_mine();
    if (m)
        m->hold++; /* a panic meanwhile is one of what the library calls */
}

void preempt_release(void)
{
    struct thread *m = thread_mine();
    if (m)
        m->hold--;
}

int64_t sched_now(void)
{
    return os_now();
}

void preempt_start(enum preempt_mode mode)
{
    (void)mode;
}

static uint32_t ticket(struct processor *p)
{
    return load_relaxed(&p->tick) << 1 | 1;
}

/* At its next look for a successor, or in preempt_now. */
void preempt_request(struct processor *p, bool quietly)
{
    struct thread *m = load_relaxed(&p->m);
    (void)quietly;
    processor_ask(p);
    if (m)
        store_relaxed(&m->wanted, ticket(p));
}

/* Who spawns, or wakes others, without ever waiting goes when its slice is over, as long as it is seen to be: by monitor_tell. */
void preempt_now(void)
{
    struct thread *m = thread_self();
    if (!m || !m->p || m->hold || load_relaxed(&m->wanted) != ticket(m->p))
        return;
    struct goroutine *g = m->current;
    if (g->kind != KIND_GOROUTINE || g->preempt_off || g->blocking)
        return;
    store_relaxed(&m->wanted, 0);
    int saved = *os_errno();
    bump(&m->p->gave_way);
    store_relaxed(&g->state, G_RUNNABLE);
    m->after = (struct after){.kind = AFTER_LAST, .g = g};
    switch_away(m, g, true);
    *os_errno() = saved;
}

/* There is nothing to tell it by. */
bool preempt_in_library(uintptr_t pc)
{
    (void)pc;
    return false;
}

void preempt_interrupt(void *frame)
{
    (void)frame;
}
