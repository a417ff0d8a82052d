/* A goroutine's life: spawn, begin, exit, bury; and main() as number 1.
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

#include <errno.h>

#include "goroutine/task.h"

#define ID_BATCH 64

struct goroutine main_goroutine;

/* Numbers come in batches, so that processors need not share a counter. */
static uint64_t next_id(struct processor *p)
{
    if (unlikely(!p))
        return add_relaxed(&sched.ids, 1) + 1;
    if (p->next_id == p->last_id) {
        p->next_id = add_relaxed(&sched.ids, ID_BATCH);
        p->last_id = p->next_id + ID_BATCH;
    }
    return ++p->next_id;
}

/* `change` is 1 for a birth, -1 for a death. */
static void count_life(struct processor *p, int change)
{
    if (likely(p != NULL)) {
        /* Release; partner: goroutine_count. Who sees a goroutine gone sees all that it did. */
        store_release(&p->born, load_relaxed(&p->born) + change);
        if (change > 0)
            bump(&p->spawned);
        return;
    }
    add_ordered(&sched.born_outside, change);
    if (change > 0)
        add_ordered(&sched.spawned_outside, 1);
}

int64_t goroutine_count(void)
{
    int64_t count = load_ordered(&sched.born_outside);
    for (int i = 0; i < load_ordered(&sched.processors_ever); i++)
        count += load_acquire(&processor_at(i)->born);
    return count;
}

static void set_name(struct goroutine *g, const char *name)
{
    size_t i = 0;
    for (; name && name[i] && i < sizeof g->name - 1; i++)
        g->name[i] = name[i];
    g->name[i] = 0;
}

static void init(struct goroutine *g, struct processor *p, void (*fn)(void *), void *arg, uintptr_t creator_pc)
{
    struct thread *m = thread_self();
    g->fn = fn;
    g->arg = arg;
    g->kind = KIND_GOROUTINE;
    g->frame = NULL;
    g->outside.pc = 0;
    g->preempt_off = g->blocking = g->locks_thread = 0;
    g->preempt_deferred = g->falls = g->interrupted = false;
    g->keeps_identity = 0;
    g->aside = NULL;
    g->bound = NULL;
    g->exit_hooks = NULL;
    g->attempts = NULL;
    g->panics = NULL;
    g->canceller = NULL;
    g->ending = (struct os_ending){0};
    g->creator_pc = creator_pc;
    g->creator_id = m && m->current->kind == KIND_GOROUTINE ? load_relaxed(&m->current->id) : 0;
    g->name[0] = 0;
    void *beneath = arch_context_beneath(STACK_SMALLEST) ? stack_beneath(g) : NULL;
    g->sp = arch_context_init_in(beneath, (void *)g->stack_low, (void *)g->stack_high, goroutine_begin);
    fiber_create(&g->fiber, (void *)g->stack_low, g->stack_high - g->stack_low);
    store_relaxed(&g->since, load_relaxed(&sched.clock));
    store_relaxed(&g->id, next_id(p));
    store_release(&g->state, G_RUNNABLE); /* partner: dumps, which read the rest after it */
}

static int spawn(const struct go_attr *attr, struct identity *id, void (*fn)(void *), void *arg, uintptr_t creator_pc, bool own)
{
    struct thread *m = thread_self();
    if (unlikely(!m)) {
        int error = sched_ensure();
        if (error)
            return error;
        m = thread_self();
    }
    struct processor *p = m ? m->p : NULL;
    struct goroutine *g = stack_take(p, attr ? attr->stack_size : 0);
    if (unlikely(!g))
        return -ENOMEM;
    init(g, p, fn, arg, creator_pc);
    if (unlikely(attr && attr->name))
        set_name(g, attr->name);
    g->own = own;
    g->identity = id;
    g->identity_for_life = attr && (attr->flags & GO_OWN_IDENTITY);
    if (likely(!own))
        count_life(p, 1);
    if (unlikely(!p)) {
        queue_urgent(g);
        wake_any();
        return 0;
    }
    queue_fresh(p, g);
    wake_for(p);
    return 0;
}

/* Without identities, the goroutine has a thread instead (goroutine_begin). */
static int own_identity_for(struct identity **id)
{
    int error = sched_ensure();
    if (error || !identity_is_possible())
        return error;
    return maker_make_identity(id);
}

/* The caller holds nothing of ours. Not so who spawns inside the library: a timer does it under the lock of its heap. */
static int spawn_and_give_way(const struct go_attr *attr, void (*fn)(void *), void *arg, uintptr_t creator_pc)
{
    struct identity *id = NULL;
    bool own_identity = attr && (attr->flags & GO_OWN_IDENTITY);
    int error = own_identity ? own_identity_for(&id) : 0;
    if (!error)
        error = spawn(attr, id, fn, arg, creator_pc, false);
    if (error && id)
        identity_put(id);
    preempt_now();
    return error;
}

int sched_spawn(void (*fn)(void *), void *arg, uintptr_t creator_pc)
{
    return spawn(NULL, NULL, fn, arg, creator_pc, false);
}

int sched_spawn_own(const char *name, void (*fn)(void *), void *arg)
{
    return spawn(&(struct go_attr){.name = name}, NULL, fn, arg, (uintptr_t)ARCH_RETURN_ADDRESS(), true);
}

int go_spawn(void (*fn)(void *), void *arg)
{
    if (unlikely(!fn))
        return -EINVAL;
    return spawn_and_give_way(NULL, fn, arg, (uintptr_t)ARCH_RETURN_ADDRESS());
}

int go_spawn_attr(const struct go_attr *attr, void (*fn)(void *), void *arg)
{
    if (!fn)
        return -EINVAL;
    if (attr && attr->stack_size > STACK_LARGEST)
        return -EINVAL;
    if (attr && (attr->flags & ~(uintptr_t)GO_OWN_IDENTITY))
        return -EINVAL;
    for (size_t i = 0; attr && i < array_size(attr->reserved); i++) {
        if (attr->reserved[i])
            return -EINVAL;
    }
    return spawn_and_give_way(attr, fn, arg, (uintptr_t)ARCH_RETURN_ADDRESS());
}

static void check_end(const struct goroutine *g)
{
    forked_check();
    if (g->blocking)
        panic("go_exit before go_blocking_end");
}

_Noreturn void goroutine_leave(struct goroutine *g)
{
    if (unlikely(!thread_self()))
        taken_return();
    if (unlikely(ending_stays(g)))
        ending_stay(g);
    if (unlikely(g->ending.trap))
        os_ending_disarm(&g->ending);
    if (unlikely(g->identity))
        identity_clean();
    struct thread *m = thread_self();
    if (g->locks_thread)
        m->quits = true;
    switch_from_dead(m, g);
}

/* The first code on a new stack. */
void goroutine_begin(void)
{
    switch_arrive();
    struct goroutine *g = thread_self()->current;
    if (unlikely(g->identity_for_life && !g->identity))
        go_lock_thread();
    g->fn(g->arg);
    check_end(g);
    deferred_run(g, NULL);
    goroutine_leave(g);
}

void go_exit(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        panic("go_exit on a plain thread: only a goroutine can be ended by it");
    check_end(g);
    goroutine_end(g);
}

_Noreturn void goroutine_end(struct goroutine *g)
{
    attempts_close(g);
    fall_end(g);
    deferred_run(g, NULL);
    stack_leave(g);
}

/* Called by the context that the dead goroutine switched to. */
void goroutine_bury(struct goroutine *g)
{
    struct thread *m = thread_self();
    store_relaxed(&g->state, G_DEAD);
    if (unlikely(g->identity))
        identity_bury(m, g);
    if (likely(!g->own))
        count_life(m->p, -1);
    if (unlikely(g->region == NULL)) /* main() ran on the stack of the process, which stays */
        return;
    fiber_destroy(&g->fiber);
    stack_give(m->p, g);
}

/* main() runs on the stack of the process. Its bounds are a guess that only has to keep other stacks out. */
void goroutine_init_main(uintptr_t stack_address)
{
    struct goroutine *g = &main_goroutine;
    g->kind = KIND_GOROUTINE;
    g->stack_low = stack_address > ((uintptr_t)64 << 20) ? stack_address - ((uintptr_t)64 << 20) : 0;
    uintptr_t above = ~stack_address; /* it may lie at the very end of memory */
    g->stack_high = stack_address + (above < (uintptr_t)16 << 20 ? above : (uintptr_t)16 << 20);
    set_name(g, "main");
    store_relaxed(&g->id, 1);
    store_relaxed(&g->state, G_BLOCKED);
    store_relaxed(&sched.ids, 1);
    count_life(NULL, 1);
}

/* Of the part above sp. For main it is a guess; but the system knows it, unless main runs on a stack that the program made. Where
 * sp is not on the stack of g there is no such part: who watches another thread may have seen sp before that went on to g. */
uintptr_t goroutine_stack_end(const struct goroutine *g, uintptr_t sp)
{
    uintptr_t end = g == &main_goroutine ? os_first_stack_end() : g->stack_high;
    return sp < end && end - sp <= g->stack_high - g->stack_low ? end : sp;
}

uint64_t go_id(void)
{
    struct goroutine *g = sched_self();
    return g->kind == KIND_GOROUTINE ? load_relaxed(&g->id) : 0;
}

int64_t go_count(void)
{
    int error = sched_ensure();
    return error ? error : goroutine_count();
}

void go_yield(void)
{
    sched_yield_now();
}
