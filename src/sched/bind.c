/* Keeping a goroutine where it is: on its processor (go_preempt_off), on its thread (go_lock_thread).
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/task.h"

void go_preempt_off(void)
{
    struct goroutine *g = sched_self();
    if (g->kind == KIND_GOROUTINE)
        g->preempt_off++;
}

void go_preempt_on(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return;
    if (g->preempt_off == 0)
        panic("go_preempt_on without go_preempt_off");
    if (--g->preempt_off == 0 && g->preempt_deferred) {
        g->preempt_deferred = false;
        int kept = *os_errno(); /* as in any preemption */
        sched_yield_now();
        *os_errno() = kept;
    }
}

/* What is deferred then happens at the next signal, or call. */
void bind_reset(struct goroutine *g, uint16_t preempt_off)
{
    g->preempt_off = preempt_off;
    g->preempt_deferred = g->preempt_deferred && preempt_off;
}

/* Where there is one thread, all are tied to it, and share it. */
void thread_tie(struct thread *m, struct goroutine *g)
{
    if (!os_has_threads())
        return;
    g->bound = m;
    m->bound = g;
}

void thread_untie(struct thread *m, struct goroutine *g)
{
    m->bound = NULL;
    g->bound = NULL;
}

int go_lock_thread(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return -EPERM;
    relief_leave();
    struct thread *m = thread_self();
    thread_tie(m, g);
    if (g->locks_thread++ == 0)
        identity_be_thread(m, g);
    return 0;
}

int go_unlock_thread(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE || g->locks_thread == 0)
        return -EPERM;
    if (--g->locks_thread > 0)
        return 0;
    struct thread *m = thread_self();
    thread_untie(m, g);
    identity_cease_to_be_thread(m, g);
    if (g->keeps_identity)
        identity_keep_waiting(g);
    return 0;
}
