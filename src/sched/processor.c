/* Processors: giving them to threads, the idle list, and changing their number while goroutines run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/monitor.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"
#include "goroutine/task.h"

struct processor *processor_at(int i)
{
    return load_acquire(&sched.processor[i]); /* partner: the store in make */
}

/* The calling thread m takes it. */
void processor_take(struct thread *m, struct processor *p)
{
    m->p = p;
    thread_set_here(p->id);
    store_release(&p->m, m); /* what the descriptor holds first; partners: who reads it */
    store_ordered(&p->state, P_RUNNING);
}

/* The thread gives its processor up; the caller says what becomes of it. */
struct processor *processor_drop(struct thread *m)
{
    struct processor *p = m->p;
    m->p = NULL;
    thread_set_here(GO_NOWHERE);
    store_relaxed(&p->m, NULL);
    return p;
}

bool processor_has_work(struct processor *p)
{
    return load_relaxed(&p->next) || !ring_empty(&p->woken) || !deque_empty(&p->fresh);
}

/* Whether somebody waits for any processor. */
bool processors_have_work(void)
{
    if (load_ordered(&sched.queued))
        return true;
    for (int i = 0; i < load_ordered(&sched.horizon); i++) {
        if (processor_has_work(processor_at(i)))
            return true;
    }
    return false;
}

/* Whether any is lent to a blocking region. */
bool processors_are_lent(void)
{
    for (int i = 0; i < load_ordered(&sched.horizon); i++) {
        if (P_STATE(load_ordered(&processor_at(i)->state)) == P_LENT)
            return true;
    }
    return false;
}

/* Under sched.lock. */
void idle_push(struct processor *p)
{
    store_relaxed(&p->state, P_IDLE);
    p->idle_link = sched.idle_processors;
    sched.idle_processors = p;
    add_ordered(&sched.idle_count, 1); /* partner: wake_any reads it after it has queued */
}

/* Under sched.lock. NULL: all are busy. */
struct processor *idle_pop(void)
{
    struct processor *p = sched.idle_processors;
    if (p) {
        sched.idle_processors = p->idle_link;
        add_ordered(&sched.idle_count, -1u);
        store_relaxed(&p->state, P_RUNNING);
    }
    return p;
}

/* ---- their number ---- */

static struct processor *make(int i)
{
    /* Aligned by hand: the allocator of the program promises no more than malloc's. Never freed. */
    char *raw = sched_alloc(sizeof(struct processor) + 64);
    if (!raw)
        return NULL;
    struct processor *p = (struct processor *)round_up((uintptr_t)raw, 64);
    __builtin_memset(p, 0, sizeof *p);
    p->id = (uint32_t)i;
    store_relaxed(&p->due, TIME_NEVER);
    store_relaxed(&p->state, P_RETIRED);
    store_release(&sched.processor[i], p);
    store_ordered(&sched.processors_ever, i + 1);
    return p;
}

/* Puts processors from..to-1 into service; returns how many are in service then. */
int processor_grow(int from, int to)
{
    for (int i = from; i < to; i++) {
        struct processor *p = i < load_relaxed(&sched.processors_ever) ? processor_at(i) : make(i);
        if (!p)
            return i;
        lock_take(&sched.lock);
        store_relaxed(&p->attention, ATTENTION_NONE);
        store_ordered(&sched.processors, i + 1);
        if (load_relaxed(&sched.horizon) <= i)
            store_ordered(&sched.horizon, i + 1);
        idle_push(p);
        lock_drop(&sched.lock);
    }
    return to;
}

/* What is queued there goes to the global list. */
void processor_share_work(struct processor *p)
{
    struct goroutine *g;
    while ((g = queue_take_next(p)) || (g = ring_get(&p->woken)) || (g = deque_pop(&p->fresh)))
        queue_overflow(g);
}

/* It leaves. */
static void drain(struct processor *p)
{
    processor_share_work(p);
    stack_flush(p);
}

/* To look around at the next pick. A turn that it was asked to give includes that. */
void processor_ask(struct processor *p)
{
    if (load_relaxed(&p->attention) != ATTENTION_TURN)
        store_relaxed(&p->attention, ATTENTION_LOOK);
}

/* No thread can be had for the idle processors: what is queued on them goes where those that run come to it. */
void processor_free_idle_work(void)
{
    struct processor *taken = NULL;
    for (;;) {
        lock_take(&sched.lock);
        struct processor *p = idle_pop();
        lock_drop(&sched.lock);
        if (!p)
            break;
        drain(p);
        p->idle_link = taken;
        taken = p;
    }
    lock_take(&sched.lock);
    while (taken) {
        struct processor *p = taken;
        taken = p->idle_link;
        idle_push(p);
    }
    lock_drop(&sched.lock);
    wake_any();
}

static bool is_beyond_horizon(int i)
{
    struct processor *p = processor_at(i);
    return i >= load_relaxed(&sched.processors) && load_ordered(&p->state) == P_RETIRED && load_ordered(&p->due) == TIME_NEVER;
}

/* What left service stays in sight until its last timer has fired: nobody arms a new one there. */
void processor_lower_horizon(void)
{
    int horizon = load_relaxed(&sched.horizon);
    if (!is_beyond_horizon(horizon - 1))
        return;
    lock_take(&sched.lock);
    horizon = load_relaxed(&sched.horizon);
    while (is_beyond_horizon(horizon - 1))
        horizon--;
    store_ordered(&sched.horizon, horizon);
    lock_drop(&sched.lock);
}

/* Empties a surplus processor that is the caller's, and takes it out of service. The caller wakes somebody. */
static void retire(struct processor *p)
{
    drain(p);
    store_ordered(&p->state, P_RETIRED);
}

/* The thread of a surplus processor takes it out of service. */
void processor_retire(struct thread *m)
{
    retire(processor_drop(m));
    wake_any();
}

/* Under sched.lock: takes an idle surplus processor off the list; NULL: there is none. */
static struct processor *idle_pop_surplus(int n)
{
    struct processor **link = &sched.idle_processors;
    while (*link && (int)(*link)->id < n)
        link = &(*link)->idle_link;
    struct processor *p = *link;
    if (p) {
        *link = p->idle_link;
        add_ordered(&sched.idle_count, -1u);
        store_relaxed(&p->state, P_RUNNING);
    }
    return p;
}

/* An idle one may have work, where no thread was to be had for it. */
static void retire_idle(int n)
{
    struct processor *p;
    do {
        lock_take(&sched.lock);
        p = idle_pop_surplus(n);
        lock_drop(&sched.lock);
        if (p)
            retire(p);
    } while (p);
    if (load_relaxed(&sched.queued))
        wake_any();
}

/* True once it is out of service; else asks its goroutine to leave. */
static bool retired(struct processor *p)
{
    uint32_t state = load_ordered(&p->state);
    if (P_STATE(state) == P_LENT && cas_ordered(&p->state, &state, P_RUNNING)) {
        retire(p);
        wake_any();
        return true;
    }
    if (state == P_RUNNING) {
        struct thread *m = load_acquire(&p->m);
        preempt_hold();
        preempt_request(p, m && taken_in_call(m));
        preempt_release();
        monitor_kick(); /* if its thread sleeps in a call the monitor takes it away */
    }
    return state == P_RETIRED;
}

static void shrink(int n)
{
    lock_take(&sched.lock);
    store_ordered(&sched.processors, n);
    lock_drop(&sched.lock);
    retire_idle(n);
    for (int i = n; i < load_relaxed(&sched.horizon); i++) {
        for (int round = 0; !retired(processor_at(i)); round++) {
            /* The goroutine there may be in foreign code; ask again each slice, and let others have our own processor meanwhile. */
            if (round < 8) {
                sched_yield_now();
            } else {
                timer_sleep(sched_now() + load_relaxed(&sched.slice));
            }
            retire_idle(n);
        }
    }
    processor_lower_horizon();
}

/* Returns the number before. One change at a time: others wait by yielding, so that they can be moved too. */
int processor_resize(int n)
{
    static _Atomic uint32_t changing;
    uint32_t expected = 0;
    while (!cas_ordered(&changing, &expected, 1)) {
        sched_yield_now();
        expected = 0;
    }
    int before = load_relaxed(&sched.processors);
    if (n > before) {
        processor_grow(before, n);
        wake_any();
    } else if (n < before) {
        shrink(n);
    }
    store_ordered(&changing, 0);
    return before;
}

/* As many as there may be. */
int processor_most(long n)
{
    long most = os_has_threads() ? PROCESSORS_MAX : 1;
    return (int)(n < most ? n : most);
}

int go_maxprocs(int n)
{
    int error = sched_ensure();
    if (error)
        return error;
    if (n <= 0)
        return load_relaxed(&sched.processors);
    return processor_resize(processor_most(n));
}
