/* Finding work, going idle without losing a wake-up, and waking others for work.
 *
 * The danger: a thread looks, finds nothing, and goes to sleep while another one queues a goroutine and sees nobody asleep. So who
 * goes idle first says so (its processor on the idle list, idle_count up; searching down), then looks once more everywhere; and who
 * queues where the idle cannot be sure to look (the global lists) first queues, then reads idle_count and searching, all in
 * sequentially consistent order: one of the two sees the other. docs/model/idle.pml holds the proof.
 *
 * A push on the own ring is different: its processor is running and comes to it by itself, so a missed wake-up costs parallelism,
 * not progress. There nobody is woken for a single goroutine (a hand-over would only move the pair apart): from two on, or, while
 * its goroutines are seen to run long, at once. What is left the monitor repairs within a slice.
 *
 * At most one thread is woken at a time to search; one that finds work passes the search on if there is more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/ending.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/poll.h"
#include "sched/sched.h"

/* ---- waking ---- */

/* A processor is idle, and no thread: the monitor starts one. It is told once; while it cannot have one, it tries again by itself.
 */
void want_thread(void)
{
    uint32_t enough = THREAD_ENOUGH;
    if (cas_ordered(&sched.wanted_threads, &enough, THREAD_NOW))
        monitor_kick();
}

/* Somebody idle takes an idle processor, searching. The caller has counted it in sched.searching; where nobody can, that is taken
 * back before the lock is dropped: a thread that goes idle after that must not leave work to a search that is none. */
static void wake_searcher(void)
{
    lock_take(&sched.lock);
    struct processor *p = sched.idle_processors ? idle_pop() : NULL;
    struct thread *m = NULL;
    if (p && sched.idle_threads) {
        m = sched.idle_threads;
        sched.idle_threads = m->idle_link;
        m->idle = false;
    } else if (p) {
        idle_push(p);
    }
    if (!m)
        add_ordered(&sched.searching, -1u);
    lock_drop(&sched.lock);
    if (m) {
        add_relaxed(&sched.wakeups, 1);
        preempt_hold();
        thread_wake(m, p, true);
        preempt_release();
    } else if (p) {
        want_thread();
    }
}

/* After work was queued where the idle would not come to it by themselves. */
void wake_any(void)
{
    monitor_tell();
    /* Ordered after the caller's queueing; partner: the order of steps in go_idle. */
    if (load_ordered(&sched.idle_count) == 0)
        return;
    uint32_t none = 0;
    if (load_ordered(&sched.searching) == 0 && cas_ordered(&sched.searching, &none, 1))
        wake_searcher();
}

/* After a push on the own processor. */
void wake_for(struct processor *p)
{
    monitor_tell();
    if (load_relaxed(&sched.idle_count) == 0)
        return;
    uint32_t woken = load_relaxed(&p->woken.tail) - load_relaxed(&p->woken.head);
    uint32_t fresh = load_relaxed(&p->fresh.bottom) - load_relaxed(&p->fresh.top);
    uint32_t eager = load_relaxed(&p->eager);
    if (woken + fresh + (load_relaxed(&p->next) != NULL) + (eager != 0) < 2)
        return;
    if (eager)
        store_relaxed(&p->eager, eager - 1);
    wake_any();
}

/* Who is to run next on a processor that is nobody's waits in the ring: those who look for work before they have one look there. */
static void show_next(struct processor *p)
{
    struct goroutine *g = queue_take_next(p);
    if (g)
        queue_woken(p, g);
}

/* A processor without a thread: somebody else carries it on if there is work, else it is idle. */
void hand_over(struct processor *p)
{
    lock_take(&sched.lock);
    struct thread *m = NULL;
    bool work = processor_has_work(p) || load_relaxed(&sched.queued);
    if (work && sched.idle_threads) {
        m = sched.idle_threads;
        sched.idle_threads = m->idle_link;
        m->idle = false;
        store_relaxed(&p->state, P_RUNNING);
    } else {
        lock_drop(&sched.lock); /* show_next may need it */
        show_next(p);
        lock_take(&sched.lock);
        idle_push(p);
    }
    lock_drop(&sched.lock);
    if (m) {
        preempt_hold();
        thread_wake(m, p, false);
        preempt_release();
    } else if (work) {
        want_thread();
    } else {
        wake_any();
    }
    timers_watch();
}

/* ---- stealing ---- */

static struct goroutine *steal_from(struct thread *m, struct processor *victim, bool next_too)
{
    struct goroutine *batch[RING_SIZE / 2 + 1];
    struct goroutine *g = deque_steal(&victim->fresh);
    if (g)
        return g;
    uint32_t count = ring_grab(&victim->woken, batch);
    if (count == 0)
        return next_too ? queue_take_next(victim) : NULL;
    for (uint32_t i = 1; i < count; i++)
        queue_woken(m->p, batch[i]);
    return batch[0];
}

/* A goroutine in the next slot is about to run there: it is taken only from a processor that has not come to it for a while. */
static bool lingers(struct processor *victim)
{
    uint64_t switches = load_relaxed(&victim->switches);
    for (int i = 0; i < 100; i++)
        arch_relax();
    return load_relaxed(&victim->next) && load_relaxed(&victim->switches) == switches;
}

static struct goroutine *steal(struct thread *m)
{
    int n = load_relaxed(&sched.horizon);
    for (int round = 0; round < 4; round++) {
        uint32_t start = (uint32_t)next_random(&m->random);
        for (int i = 0; i < n; i++) {
            struct processor *victim = processor_at((int)((start + (uint32_t)i) % (uint32_t)n));
            if (victim == m->p)
                continue;
            bool next_too = round == 3 && load_relaxed(&victim->next) && lingers(victim);
            struct goroutine *g = steal_from(m, victim, next_too);
            if (g) {
                bump(&m->p->steals);
                return g;
            }
        }
    }
    return NULL;
}

/* ---- going idle ---- */

static bool any_work(void)
{
    if (load_ordered(&sched.queued))
        return true;
    int n = load_ordered(&sched.horizon);
    for (int i = 0; i < n; i++) {
        struct processor *p = processor_at(i);
        if (!ring_empty(&p->woken) || !deque_empty(&p->fresh))
            return true;
    }
    return false;
}

static void idle_thread_push(struct thread *m)
{
    m->idle_link = sched.idle_threads;
    sched.idle_threads = m;
    m->idle = true;
}

/* Under sched.lock. */
static void idle_thread_remove(struct thread *m)
{
    struct thread **link = &sched.idle_threads;
    while (*link != m)
        link = &(*link)->idle_link;
    *link = m->idle_link;
    m->idle = false;
}

/* Back from the idle list with a processor, unless somebody has handed us one already (then the note is set), or none is left. */
static bool come_back(struct thread *m)
{
    lock_take(&sched.lock);
    struct processor *p = m->idle ? idle_pop() : NULL;
    if (p)
        idle_thread_remove(m);
    lock_drop(&sched.lock);
    if (!p)
        return false;
    processor_take(m, p);
    return true;
}

static void start_searching(struct thread *m)
{
    if (!m->searching) {
        m->searching = true;
        add_ordered(&sched.searching, 1);
    }
}

/* The last one that stops searching looks whether there is more for others to find. */
static void stop_searching(struct thread *m)
{
    if (!m->searching)
        return;
    m->searching = false;
    add_ordered(&sched.searching, -1u);
    if (load_ordered(&sched.idle_count) && any_work())
        wake_any();
}

/* True if the thread has the place in the poller now. While no processor is idle it is the monitor's. */
static bool takes_place(void)
{
    if (load_ordered(&sched.idle_count) == 0)
        return false;
    if (poll_take_place(POLL_IDLE))
        return true;
    if (load_ordered(&sched.poll_place) == POLL_MONITOR)
        monitor_kick(); /* it gives the place up, and wakes one of us for it */
    return false;
}

static void sleep_until(struct thread *m, int64_t deadline, bool polls, struct poll_catch *c)
{
    if (polls)
        poll_sleep(m, deadline, c);
    else
        thread_sleep(m, deadline);
}

/* Blocks until handed a processor, or the first timer if this thread is to keep the time, or something is caught. True: it has
 * left the place in the poller. */
static bool sleep_once(struct thread *m, struct poll_catch *c)
{
    /* Without an idle processor to run timers on, a due timer is the business of the monitor. */
    int64_t due = load_ordered(&sched.idle_count) ? timers_earliest() : TIME_NEVER;
    int64_t nobody = 0;
    bool polls = takes_place();
    c->n = 0;
    if (due != TIME_NEVER && cas_ordered(&sched.keeper, &nobody, due)) {
        if (timers_earliest() >= due)
            sleep_until(m, due, polls, c);
        else if (polls)
            poll_leave_place();
        store_ordered(&sched.keeper, 0);
    } else {
        /* The keeper sleeps longer than that, or no processor is idle: the monitor sees to it. */
        if (due == TIME_NEVER || due < nobody)
            timers_watch();
        deadlock_check();
        sleep_until(m, TIME_NEVER, polls, c);
    }
    return polls;
}

static void take_note(struct thread *m)
{
    store_relaxed(&m->note, 0);
    if (m->handed)
        processor_take(m, m->handed);
    m->handed = NULL;
    if (m->handed_searching)
        m->searching = true; /* counted by who woke us */
}

/* Sleeps until handed a processor. One idle thread at a time keeps the time: it wakes up for the first timer. One blocks in the
 * poller; the same, if it can be. */
static void sleep_idle(struct thread *m)
{
    for (;;) {
        struct poll_catch c;
        bool polled = sleep_once(m, &c);
        bool noted = load_acquire(&m->note);
        bool back = noted || come_back(m); /* a timer is due, or somebody ready */
        if (noted)
            take_note(m);
        else if (back)
            start_searching(m);
        poll_dispatch(&c);
        if (polled && m->p)
            bump(&m->p->polls);
        if (polled && load_ordered(&monitor_asleep)) /* after the place was left; partner: the monitor, before it sleeps */
            monitor_kick();
        if (back)
            return;
        if (c.n > 0)
            monitor_kick(); /* all processors are busy: somebody has to go */
    }
}

/* The thread has found nothing. Returns when it has a processor again. */
static void go_idle(struct thread *m)
{
    lock_take(&sched.lock);
    if (m->p && load_relaxed(&sched.queued) && (int)m->p->id < load_relaxed(&sched.processors)) {
        lock_drop(&sched.lock);
        return;
    }
    if (m->p)
        idle_push(processor_drop(m));
    idle_thread_push(m);
    bool was_searching = m->searching;
    m->searching = false;
    if (was_searching)
        add_ordered(&sched.searching, -1u);
    lock_drop(&sched.lock);
    /* Said, now look once more; partner: wake_any after queueing. */
    if (any_work() && come_back(m)) {
        start_searching(m);
        return;
    }
    store_relaxed(&sched.clock, sched_now());
    sleep_idle(m);
}

/* ---- looking ---- */

static void run_timers(void)
{
    processor_lower_horizon();
    int64_t earliest = timers_earliest();
    if (earliest == TIME_NEVER)
        return;
    int64_t now = sched_now();
    store_relaxed(&sched.clock, now);
    if (earliest > now)
        return;
    int n = load_ordered(&sched.horizon);
    for (int i = 0; i < n; i++) {
        struct processor *p = processor_at(i);
        if (load_relaxed(&p->due) <= now)
            timers_run(p, now);
    }
}

/* The slice is over: who was to run next within it waits in the ring like the others. And who comes from elsewhere has a turn: two
 * that hand over to each other through the next slot pick nobody, and would never look around. */
static void end_slice(struct processor *p, uint32_t attention)
{
    store_ordered(&p->attention, ATTENTION_NONE); /* partner: pthread_mutexattr_setprotocol, then find_work's last look */
    p->look_around |= attention != ATTENTION_MORE;
    struct goroutine *next = queue_take_next(p);
    if (next)
        queue_woken(p, next);
}

/* A preempted one and the oldest fresh one, by turns. */
static struct goroutine *take_oldest(struct processor *p)
{
    p->oldest_fresh = !p->oldest_fresh;
    struct goroutine *g = p->oldest_fresh ? deque_steal(&p->fresh) : queue_take_preempted();
    if (!g)
        g = p->oldest_fresh ? queue_take_preempted() : deque_steal(&p->fresh);
    return g;
}

/* Those who have waited long have a turn: a slice in all, so that several have it where each leaves soon, but nobody twice. Never
 * two turns in a row, however late the monitor is: the others are owed the slice in between. */
static struct goroutine *give_turn(struct processor *p, uint32_t attention)
{
    struct goroutine *g = NULL;
    if (attention == ATTENTION_TURN && !p->gave_turn) {
        p->turn_ends = sched_now() + load_relaxed(&sched.slice);
        p->turn_for = load_relaxed(&sched.preempted_waiting);
        g = take_oldest(p);
    } else if (attention == ATTENTION_MORE && p->turn_for && sched_now() < p->turn_ends) {
        p->turn_for--;
        g = queue_take_preempted();
    }
    if (g)
        store_relaxed(&p->attention, ATTENTION_MORE);
    p->gave_turn = g || attention == ATTENTION_MORE;
    return g;
}

/* From elsewhere than the own queues. What is moved from there into the own queues stands in line before those who are caught or
 * due only now. */
static struct goroutine *look_around(struct processor *p)
{
    if (!p->look_around)
        return NULL;
    p->look_around = false;
    struct goroutine *g = queue_take_shared(p, false);
    poll_in_passing(p);
    return g;
}

static struct goroutine *find_here(struct thread *m)
{
    struct processor *p = m->p;
    struct goroutine *g;
    uint32_t attention = load_relaxed(&p->attention);
    if (attention)
        end_slice(p, attention);
    if (!(g = give_turn(p, attention)))
        g = look_around(p);
    run_timers();
    if (g)
        return g;
    /* When a slice was cut short for somebody who woke up, that one goes before the fresh. */
    if (attention && (g = ring_get(&p->woken)))
        return g;
    if ((g = queue_take_next(p)) || (g = take_own(p)))
        return g;
    if (poll_in_passing(p) && (g = take_own(p)))
        return g;
    return queue_take_shared(p, true);
}

/* The thread has no identity for those who have none: they are for others to find. NULL: none of those who have one waits. */
struct goroutine *find_identified(struct processor *p)
{
    run_timers();
    processor_share_work(p);
    if (load_relaxed(&sched.queued))
        wake_any();
    return queue_take_identified();
}

/* The goroutine to run; blocks until there is one. On return the thread has a processor and is not searching. */
struct goroutine *find_work(struct thread *m)
{
    for (;;) {
        if (!m->p) {
            go_idle(m);
            continue;
        }
        if (unlikely((int)m->p->id >= load_relaxed(&sched.processors))) {
            processor_retire(m);
            continue;
        }
        if (unlikely(!identity_serves(m)) && !identity_refill(m)) {
            stop_searching(m);
            struct goroutine *identified = find_identified(m->p);
            if (identified)
                return identified;
            os_thread_yield();
            continue;
        }
        struct goroutine *g = find_here(m);
        if (!g) {
            uint32_t busy = (uint32_t)load_relaxed(&sched.processors) - load_relaxed(&sched.idle_count);
            if (m->searching || 2 * load_relaxed(&sched.searching) < busy) {
                start_searching(m);
                g = steal(m);
            }
        }
        if (g) {
            stop_searching(m);
            if (unlikely(!identity_serves(m))) /* it may have been asked for since, and g by who has asked for it */
                identity_refill(m);
            return g;
        }
        go_idle(m);
    }
}
