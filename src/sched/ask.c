/* Where a running goroutine is: its thread gets the signal of a preemption, and the handler copies what it interrupted.
 *
 * One is asked at a time, by whoever holds the lock of tracebacks. Who takes `asked` back owns the view: the handler, which then
 * says so, or the one who asked and has waited long enough. A thread that is in the kernel for good, or has the signal masked, does
 * not answer; one that the system keeps off its CPU answers late. They cannot be told apart, so a dump has so much patience in all,
 * and then little for each.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"
#include "sched/trace.h"

#include "arch/arch.h"

#define PATIENCE   (2 * GO_SECOND) /* of one dump */
#define LONG_WAIT  GO_SECOND       /* for one answer */
#define SHORT_WAIT (20 * GO_MILLISECOND)

static _Atomic(struct thread *) asked;
static _Atomic uint32_t answered;
static struct view *wanted; /* whose g is the one that is meant */
static _Atomic int64_t patience = PATIENCE;

void ask_patiently(void)
{
    store_relaxed(&patience, PATIENCE);
}

static int64_t most_wait(void)
{
    int64_t left = load_relaxed(&patience);
    return left > LONG_WAIT ? LONG_WAIT : left < SHORT_WAIT ? SHORT_WAIT : left;
}

bool ask_answer(struct thread *m, void *frame)
{
    struct thread *me = m;
    if (load_relaxed(&asked) != m || !cas_ordered(&asked, &me, NULL)) /* partner: the store in ask_for_view */
        return false;
    struct goroutine *g = m->current;
    struct go_stack there = trace_interrupted(frame);
    if (g == wanted->g)
        view_take(wanted, g, &there);
    else
        wanted->g = NULL;
    store_ordered(&answered, 1);
    os_wake(&answered, 1);
    return true;
}

static void send_signal(struct thread *m)
{
    uint32_t none = 0;
    if (!cas_ordered(&m->signal_pending, &none, 1)) /* it is on its way */
        return;
    if (os_interrupt(m->thread) != 0)
        store_ordered(&m->signal_pending, 0);
}

bool ask_for_view(struct thread *m, struct goroutine *g, struct view *v)
{
    if (!SANITIZE_CAN_PREEMPT)
        return false;
    v->g = g;
    wanted = v;
    store_relaxed(&answered, 0);
    store_ordered(&asked, m);
    send_signal(m);
    int64_t begin = sched_now(), end = begin + most_wait();
    while (!load_acquire(&answered) && sched_now() < end)
        os_wait(&answered, 0, end);
    store_relaxed(&patience, load_relaxed(&patience) - (sched_now() - begin));
    struct thread *none = m;
    if (cas_ordered(&asked, &none, NULL))
        return false;
    while (!load_acquire(&answered)) /* it is copying */
        os_wait(&answered, 0, TIME_NEVER);
    return v->g == g;
}
