/* Kernel threads: starting them, their own scheduler context, who the calling thread is, and how an idle one sleeps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/valgrind.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/poll.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#include <errno.h>

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"

#define THREAD_STACK    ((size_t)256 << 10)
#define SCHEDULER_STACK ((size_t)64 << 10)

static _Thread_local struct locals locals;
static _Thread_local struct goroutine stand_in;
__thread uint32_t go_here = GO_NOWHERE;

/* Not inline, and not to be reasoned about: after a switch the same goroutine may be on another thread, and an address of a
 * thread-local that the compiler kept from before would be the old thread's. */
NOINLINE struct thread *thread_self(void)
{
    __asm__ volatile("" ::: "memory");
    struct thread *m = load_relaxed(&locals.self);
    return likely(m != NULL) ? m : taken_self();
}

/* The same, whoever has its processor. */
NOINLINE struct thread *thread_mine(void)
{
    __asm__ volatile("" ::: "memory");
    return locals.mine;
}

NOINLINE struct goroutine *thread_stand_in(void)
{
    __asm__ volatile("" ::: "memory");
    if (unlikely(stand_in.kind != KIND_THREAD)) {
        stand_in.kind = KIND_THREAD;
        store_relaxed(&stand_in.state, G_RUNNING);
        store_ordered(&sched.foreign, 1);
    }
    return &stand_in;
}

uint64_t sched_random(void)
{
    static _Thread_local uint64_t state;
    struct thread *m = thread_self();
    if (m)
        return next_random(&m->random);
    if (!state)
        state = (uint64_t)sched_now() | 1;
    return next_random(&state);
}

/* Whether thread_self is to find it. */
NOINLINE void thread_set_self(struct thread *m)
{
    store_relaxed(&locals.self, m);
}

/* Where ours are among the thread-locals of the identity in use. */
NOINLINE void thread_learn(struct identity *id)
{
    id->locals = &locals;
    id->here = &go_here;
    id->exceptions = exceptions_here();
    store_relaxed(&id->name, os_thread_name());
}

static NOINLINE void begin_to_be(struct thread *m)
{
    m->masked_signals = os_masked();
    identity_begin(m);
    taken_watch(m);
}

static NOINLINE void end_to_be(struct thread *m)
{
    taken_unwatch(m);
    store_relaxed(&m->own->name, 0); /* libc gives it to another thread */
    locals.mine = NULL;
    thread_set_self(NULL); /* a late signal finds no thread of ours */
}

/* In the child of a fork, where nobody watches it. */
NOINLINE void thread_forget_itself(void)
{
    locals.mine = NULL;
    thread_set_self(NULL);
    thread_set_here(GO_NOWHERE);
}

/* For restartable sequences, which read it at any time; but not while it changes, since that is done in our own text. */
NOINLINE void thread_set_here(uint32_t processor)
{
    go_here = processor;
}

/* Descriptors stay on the list of all for ever, for the sake of their counters. One that is used again is on it. */
static void publish(struct thread *m)
{
    if (m->published)
        return;
    m->published = true;
    struct thread *first = load_relaxed(&sched.all_threads);
    do {
        m->all_link = first;
    } while (!cas_ordered(&sched.all_threads, &first, m));
}

static void init(struct thread *m)
{
    m->random = (uint64_t)(uintptr_t)m * 0x9e3779b97f4a7c15u | 1;
    m->scheduler.kind = KIND_SCHEDULER;
}

/* A descriptor whose thread has ended, or a new one. */
static struct thread *take_descriptor(void)
{
    lock_take(&sched.lock);
    struct thread *m = sched.ended_threads;
    if (m)
        sched.ended_threads = m->idle_link;
    lock_drop(&sched.lock);
    if (m)
        return m;
    struct identity *own = identity_blank();
    size_t size = round_up(sizeof *m, os_page_size());
    m = own ? os_map(size, os_page_size()) : NULL;
    if (m) {
        m->own = own;
        init(m);
    } else if (own) {
        identity_forget(own);
    }
    return m;
}

/* The last that a thread does with its descriptor. */
static void give_descriptor(struct thread *m)
{
    m->bound = m->came_from = NULL;
    m->quits = m->masked = m->searching = false;
    store_relaxed(&m->wanted, 0);
    store_relaxed(&m->signal_pending, 0);
    store_relaxed(&m->decides, 0);
    store_relaxed(&m->asleep_at, 0);
    lock_take(&sched.lock);
    m->idle_link = sched.ended_threads;
    sched.ended_threads = m;
    lock_drop(&sched.lock);
}

/* The monitor tries again a little later. */
static _Noreturn void give_up(struct thread *m)
{
    bool relieves = m == load_relaxed(&sched.relief);
    if (m->identity)
        identity_put(m->identity);
    m->identity = NULL;
    give_descriptor(m);
    os_thread_leave();
    maker_has_begun();
    if (relieves) {
        relief_fails();
    } else {
        store_ordered(&sched.wanted_threads, THREAD_LATER);
        monitor_kick();
    }
    os_thread_exit();
}

/* The thread ends; it has no processor, and nothing more to do. */
_Noreturn void thread_retire(struct thread *m)
{
    if (m->is_first) /* the process would end with it */
        for (;;)
            thread_sleep(m, TIME_NEVER);
    identity_end(m);
    os_thread_forget();
    os_thread_leave();
    add_ordered(&sched.threads, -1u);
    monitor_kick();
    end_to_be(m);
    give_descriptor(m);
    os_thread_exit();
}

/* What a new thread does first: on its own stack, which is also its scheduler context. */
static void run(void *argument)
{
    struct thread *m = argument;
    maker_begins();
    if (os_thread_prepare() != 0)
        give_up(m);
    m->thread = os_thread_self();
    begin_to_be(m);
    os_thread_set_prompt(false);
    fiber_create_current(&m->scheduler.fiber);
    m->current = &m->scheduler;
    maker_has_begun();
    if (m == load_relaxed(&sched.relief)) {
        m->identity = NULL;
        add_ordered(&sched.others, 1);
        publish(m);
    } else {
        add_ordered(&sched.threads, 1);
        publish(m);
        store_ordered(&sched.wanted_threads, THREAD_ENOUGH); /* that was us */
    }
    schedule_for_ever();
}

static int start(struct thread *m, struct identity *id)
{
    m->identity = id;
    int error = os_thread_start(run, m, THREAD_STACK * SANITIZE_STACK_FACTOR);
    if (error) {
        m->identity = NULL;
        give_descriptor(m);
    }
    return error;
}

/* Another thread, which looks for an idle processor and work, with that identity; NULL: its own. Only the maker calls it: starting
 * a thread takes libc's locks. */
int thread_start(struct identity *id)
{
    if (load_relaxed(&sched.threads) >= THREADS_MAX)
        fatal("more than %d threads: too many goroutines block their threads at once", THREADS_MAX);
    struct thread *m = take_descriptor();
    return m ? start(m, id) : -ENOMEM;
}

/* By the first call of the library. */
int thread_start_relief(void)
{
    struct thread *m = take_descriptor();
    store_relaxed(&sched.relief, m);
    return m ? start(m, NULL) : -ENOMEM;
}

/* Makes the thread the process began with one of ours, with g, on whose stack we are, as its goroutine. It has no processor yet. */
int thread_adopt_first(struct goroutine *g)
{
    static struct thread first;
    static struct identity own;
    struct thread *m = &first;
    m->own = &own;
    size_t size = SCHEDULER_STACK * SANITIZE_STACK_FACTOR, beneath = arch_context_beneath(size);
    char *map = os_map(beneath + size, os_page_size());
    if (!map)
        return -ENOMEM;
    char *stack = map + beneath;
    int error = os_thread_prepare();
    if (error) {
        os_unmap(map, beneath + size);
        return error;
    }
    valgrind_stack((uintptr_t)stack, (uintptr_t)stack + size);
    init(m);
    m->is_first = true;
    m->thread = os_thread_self();
    m->scheduler.sp = arch_context_init_in(map, stack, stack + size, schedule_for_ever);
    fiber_create(&m->scheduler.fiber, stack, size);
    fiber_create_current(&g->fiber);
    m->current = g;
    identity_publish(m->own);
    add_ordered(&sched.threads, 1);
    publish(m);
    begin_to_be(m);
    return 0;
}

/* Until somebody calls thread_wake, or the deadline. */
void thread_sleep(struct thread *m, int64_t deadline)
{
    while (load_acquire(&m->note) == 0) { /* partner: the store in thread_wake */
        if (os_wait(&m->note, 0, deadline) != 0)
            return;
        monitor_let_finish();
    }
}

/* Hands p (may be NULL) to an idle thread that the caller took off the idle list. */
void thread_wake(struct thread *m, struct processor *p, bool searching)
{
    m->handed = p;
    m->handed_searching = searching;
    store_ordered(&m->note, 1); /* partner: poll_sleep */
    if (load_ordered(&m->polls))
        poll_wake();
    else
        os_wake(&m->note, 1);
}
