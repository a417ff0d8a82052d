/* Blocking calls that nobody announced: taking the processor from a thread that sleeps in a call of the system.
 *
 * The monitor finds that a goroutine has outstayed its slice, and its thread sleeps in a call. No signal: that would end the call
 * with EINTR. Nor may the processor go while the thread could be on its way back: one of the two must know for sure. So the monitor
 * looks twice, and says in between what it is about to do:
 *
 * 1. How often has it run? Does it sleep in a call of the program's?
 * 2. "Tried", and its thread-locals say that it has no processor.
 * 3. Does it sleep in a call, and has not run since 1? Then it sleeps as it did, and whatever it does later, it sees what was said.
 * 4. "Away", and somebody else gets the processor; unless the thread was back first.
 *
 * The thread, in the library: my thread-locals say that I have none. "Tried": "not", I was first, and have it; they are put right.
 * "Away": queue for one.
 *
 * No fence of all threads is needed for that: the look at a thread that sleeps is under a lock which that thread must have taken
 * to fall asleep, and takes to wake up (os_thread_in_call). Nor does it matter here that a thread which waits for a CPU has a clock
 * that stands still too: the system tells that one from one that sleeps. docs/model/taken.pml holds the proof.
 *
 * What must hold of a thread that sleeps in a call with its processor: the call is the program's. The library's own are under
 * preempt_hold, or of the few that os_thread_in_call leaves out; or there is no processor, or it is a scheduler context, or another
 * stack. Handlers of the program's that have interrupted the library may sleep too; they are looked for.
 *
 * While a goroutine has switched preemption off it runs with its processor, or not at all: it may not come back without one. So it
 * keeps it while it sleeps, but in one case: on a lock of libc's, say, whose owner may be waiting for this processor. Then it is
 * woken by a signal, which such a call survives, and told where it was seen asleep: if that is where the signal has interrupted it,
 * it is taken off as if it had called the library (taken_sleep_was_interrupted), and sleeps on when it is its turn again.
 *
 * The word is the pointer to the thread's descriptor, `self`: NULL looks like a plain thread, which every call must take into
 * account anyway, so that it costs no check. And go_here, which restartable sequences read, is set to "no processor" before it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"

#define WAKING    5000 /* CPU time that it takes at most from waking up to the return from the call */
#define HOG_LOOKS 16   /* threads without a processor that are looked at, at a time */

/* Threads whose processor was taken; the monitor's. */
static struct thread *listed, **listed_last = &listed;
static uint32_t listed_count;

/* ---- the thread itself ---- */

/* thread_self has found nobody. NULL: it is a plain thread, or has no processor any more. No lock: a handler of the program's may
 * interrupt this, and call the library. */
struct thread *taken_self(void)
{
    struct thread *m = thread_mine();
    uint32_t word = m ? load_relaxed(&m->taken) : TAKEN_AWAY;
    if (word == TAKEN_TRIED)
        cas_ordered(&m->taken, &word, TAKEN_NOT); /* partner: decide */
    if (word == TAKEN_AWAY)
        return NULL;
    thread_set_here(m->p ? m->p->id : GO_NOWHERE);
    thread_set_self(m);
    return m;
}

static void say_that_it_is_back(struct thread *m)
{
    m->p = m->lent = NULL;
    store_ordered(&m->taken, TAKEN_NOT);
    thread_set_self(m);
}

/* thread_self is NULL. The goroutine queues for a processor, and comes back with one, perhaps on another thread. False: on a plain
 * thread. What the call of the system left in errno stays. */
bool taken_return(void)
{
    struct thread *m = thread_mine();
    if (!m)
        return false;
    int kept = *os_errno();
    say_that_it_is_back(m);
    bool relieves = load_relaxed(&m->relieves) && m->current->interrupted;
    store_relaxed(&m->relieves, 0);
    if (unlikely(relieves))
        processor_queue_up(m, m->current);
    else
        processor_acquire(m, m->current);
    add_ordered(&sched.blocking, -1u); /* only now, as at the end of a blocking region */
    *os_errno() = kept;
    return true;
}

static void set_watched(struct thread *m, bool watched)
{
    lock_take(&m->taking);
    store_relaxed(&m->taken, TAKEN_NOT);
    m->watched = watched;
    lock_drop(&m->taking);
}

void taken_watch(struct thread *m)
{
    set_watched(m, true);
}

/* Its thread-locals are about to go. */
void taken_unwatch(struct thread *m)
{
    set_watched(m, false);
}

/* ---- looking ---- */

READS_RACILY static os_thread thread_of(struct thread *m)
{
    return m->thread;
}

enum doing {
    RUNS /* or waits for a CPU */,
    WAKES /* has hardly run since it was seen asleep: may still be in that call */,
    SLEEPS
};

/* Who runs is told from who does not by two readings of its clock, ten times as fast as by what the system says of it. */
static enum doing look_at(struct thread *m, struct os_sleep *sleep)
{
    os_thread thread = thread_of(m);
    int64_t time = os_thread_time(thread);
    bool sleeps = time >= 0 && os_thread_time(thread) == time && os_thread_in_call(thread, sleep);
    if (sleeps)
        store_relaxed(&m->asleep_at, time);
    else if (time < 0 || (uint64_t)(time - load_relaxed(&m->asleep_at)) >= WAKING)
        return RUNS;
    return sleeps ? SLEEPS : WAKES;
}

bool taken_sleeps(struct thread *m)
{
    struct os_sleep sleep;
    return look_at(m, &sleep) == SLEEPS;
}

bool taken_in_call(struct thread *m)
{
    struct os_sleep sleep;
    return look_at(m, &sleep) != RUNS;
}

/* Known for sure only of a thread that has not run since. */
READS_RACILY static bool is_the_programs(struct thread *m, struct processor *p, uintptr_t sp)
{
    struct goroutine *g = m->current;
    return load_relaxed(&p->m) == m && P_STATE(load_relaxed(&p->state)) == P_RUNNING && m->p == p && !m->hold &&
           g->kind == KIND_GOROUTINE && sp >= g->stack_low && sp < g->stack_high;
}

READS_RACILY static bool has_switched_off(struct thread *m)
{
    return m->current->preempt_off != 0;
}

static bool needs_its_processor(uintptr_t pc)
{
    return preempt_in_library(pc) || restart_moves(pc);
}

/* Whether a handler of the program's sleeps there that has interrupted us, or a sequence. What is masked is looked up only where
 * that may be: it costs a long file of the system's. */
READS_RACILY static bool is_in_a_handler(struct thread *m, uintptr_t sp)
{
    struct goroutine *g = m->current;
    return beneath_lies(g, sp, ~UINT64_C(0), needs_its_processor) &&
           beneath_lies(g, sp, os_thread_masked(thread_of(m)), needs_its_processor);
}

/* At the limit nobody would be there to carry the processor on. */
static bool a_thread_can_be_had(void)
{
    lock_take(&sched.lock);
    bool idle = sched.idle_threads != NULL;
    lock_drop(&sched.lock);
    return idle || load_relaxed(&sched.threads) < THREADS_MAX;
}

/* ---- taking ---- */

READS_RACILY static void write_here(uint32_t *here)
{
    *here = GO_NOWHERE;
}

/* False: the thread has ended. */
static bool try(struct thread *m)
{
    lock_take(&m->taking);
    bool lives = m->watched;
    if (lives) {
        struct identity *id = load_relaxed(&m->in_use);
        store_relaxed(&m->taken, TAKEN_TRIED);
        write_here(id->here);
        store_ordered(&id->locals->self, NULL); /* after the other two; partner: taken_self */
    }
    lock_drop(&m->taking);
    return lives;
}

/* False: the thread was back in time. It is counted first: a look for a deadlock must not find the goroutine nowhere. */
static bool decide(struct thread *m, struct processor *p)
{
    uint32_t tried = TAKEN_TRIED;
    add_ordered(&sched.blocking, 1);
    if (cas_ordered(&m->taken, &tried, TAKEN_AWAY)) { /* partner: taken_self */
        store_relaxed(&p->m, NULL);
        return true;
    }
    add_ordered(&sched.blocking, -1u);
    return false;
}

static void list(struct thread *m)
{
    m->taken_next = NULL;
    *listed_last = m;
    listed_last = &m->taken_next;
    listed_count++;
}

static struct thread *unlist(void)
{
    struct thread *m = listed;
    listed = m->taken_next;
    if (!listed)
        listed_last = &listed;
    listed_count--;
    return m;
}

/* m, which sleeps with preemption switched off, is to let the others run. */
static enum take wake_to_take_off(struct thread *m, const struct os_sleep *sleep)
{
    if (!sleep->on_a_word)
        return TAKE_BLOCKED;
    store_relaxed(&m->slept_sp, sleep->sp);
    store_relaxed(&m->slept_pc, sleep->pc);
    return TAKE_RUNS;
}

/* Only the monitor calls it. */
enum take taken_take(struct processor *p)
{
    struct thread *m = load_acquire(&p->m);
    if (!m || !SANITIZE_CAN_PREEMPT)
        return TAKE_RUNS;
    os_thread thread = thread_of(m);
    struct os_sleep sleep, now;
    enum doing doing = look_at(m, &sleep);
    if (doing == RUNS)
        return TAKE_RUNS;
    if (doing == WAKES)
        return TAKE_BLOCKED;
    int64_t runs = os_thread_runs(thread); /* before the first look that counts, and after the second */
    if (runs < 0 || !os_thread_in_call(thread, &sleep) || !is_the_programs(m, p, sleep.sp))
        return TAKE_BLOCKED;
    if (has_switched_off(m))
        return wake_to_take_off(m, &sleep);
    if (!a_thread_can_be_had() || !try(m))
        return TAKE_BLOCKED;
    bool sleeps_on = os_thread_in_call(thread, &now) && now.sp == sleep.sp && os_thread_runs(thread) == runs;
    if (!sleeps_on || thread_of(m).id != thread.id || !is_the_programs(m, p, sleep.sp) || has_switched_off(m) ||
        is_in_a_handler(m, sleep.sp) || !decide(m, p))
        return TAKE_BLOCKED;
    add_relaxed(&sched.retaken, 1);
    m->taken_time = os_thread_time(thread);
    if (!m->taken_listed)
        list(m);
    m->taken_listed = true;
    hand_over(p);
    return TAKE_TOOK;
}

/* Whether the signal has interrupted the call in which m was seen asleep. The pc is behind the call's instruction, or at it, where
 * the system makes the call anew; a few bytes before, the call is about to be made. What was seen counts for one signal: some make
 * all their calls at the same place. */
bool taken_sleep_was_interrupted(struct thread *m, uintptr_t sp, uintptr_t pc)
{
    enum { INSTRUCTION_MOST = 4 };
    uintptr_t slept_pc = load_relaxed(&m->slept_pc);
    store_relaxed(&m->slept_pc, 0);
    return slept_pc != 0 && sp == load_relaxed(&m->slept_sp) && slept_pc - pc <= INSTRUCTION_MOST;
}

/* ---- who comes back, and does not call the library ---- */

/* Who has computed for a slice without a processor is asked to queue for one: the handler does that. If it just happens to sleep in
 * a call, that is once more a slice later. */
static void ask(struct thread *m)
{
    int64_t time = os_thread_time(m->thread);
    if (time - m->taken_time < load_relaxed(&sched.slice))
        return;
    m->taken_time = time;
    if (!taken_in_call(m))
        preempt_signal(m);
}

/* Some of them at a time, and each in its turn. Only the monitor calls it. */
void taken_ask_hogs(void)
{
    uint32_t n = listed_count < HOG_LOOKS ? listed_count : HOG_LOOKS;
    for (; n > 0; n--) {
        struct thread *m = unlist();
        m->taken_listed = load_acquire(&m->taken) == TAKEN_AWAY;
        if (m->taken_listed) {
            ask(m);
            list(m);
        }
    }
}

/* A processor is idle, somebody waits for one, and no thread comes: who makes them waits for a lock, it may be, of a goroutine that
 * waits itself. So the relief serves those that were taken off. If that has not helped, because it is the others who must run, or
 * the relief sleeps in a call too, one that sleeps in a call is woken after all, with a signal. Only the monitor calls it. */
void taken_relieve(void)
{
    static bool called;
    called = !called && relief_call();
    if (called)
        return;
    for (uint32_t n = listed_count; n > 0; n--) {
        struct thread *m = unlist();
        m->taken_listed = load_acquire(&m->taken) == TAKEN_AWAY;
        if (!m->taken_listed)
            continue;
        list(m);
        store_relaxed(&m->relieves, 1);
        preempt_signal(m);
        return;
    }
}
