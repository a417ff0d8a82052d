/* Timers: a heap for each processor, run by whoever looks for work, or kept by the monitor while all are busy.
 *
 * What holds: for the earliest timer, some thread sleeps no longer than until then (the keeper among the idle threads, or the
 * monitor), or a thread is looking for work and will see to it before it sleeps or runs a goroutine (timers_watch).
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/monitor.h"
#include "sched/sched.h"

#include <errno.h>

static void update_due(struct processor *p)
{
    struct heap_node *first = heap_first(&p->timers);
    store_ordered(&p->due, first ? first->key : TIME_NEVER);
}

static void insert(struct processor *p, struct timer *timer, int64_t when)
{
    timer->armed = true;
    heap_insert(&p->timers, &timer->node, when);
    if (when < load_relaxed(&p->due))
        store_ordered(&p->due, when);
}

/* A processor whose heap the caller may use: its own, or, without one, the first. */
static struct processor *home(void)
{
    struct thread *m = thread_self();
    return m && m->p ? m->p : processor_at(0);
}

void timer_arm(struct timer *timer, int64_t when, bool will_park)
{
    struct processor *p = timer->p = home();
    lock_take(&p->timer_lock);
    insert(p, timer, when);
    lock_drop(&p->timer_lock);
    if (!will_park)
        timers_watch();
}

bool timer_disarm(struct timer *timer)
{
    struct processor *p = timer->p;
    if (!p)
        return false;
    lock_take(&p->timer_lock);
    bool armed = timer->armed;
    if (armed) {
        timer->armed = false;
        heap_remove(&p->timers, &timer->node);
        update_due(p);
    }
    lock_drop(&p->timer_lock);
    return armed;
}

/* ---- running ---- */

int64_t timers_earliest(void)
{
    int64_t earliest = TIME_NEVER;
    int n = load_ordered(&sched.horizon);
    for (int i = 0; i < n; i++) {
        int64_t due = load_ordered(&processor_at(i)->due);
        if (due < earliest)
            earliest = due;
    }
    return earliest;
}

/* Fires what is due. `due` stays in the past until all have fired: a look for a deadlock must not fall in between. */
void timers_run(struct processor *p, int64_t now)
{
    lock_take(&p->timer_lock);
    for (;;) {
        struct heap_node *node = heap_first(&p->timers);
        if (!node || node->key > now)
            break;
        struct timer *timer = container_of(node, struct timer, node);
        heap_remove(&p->timers, node);
        timer->armed = false;
        /* A timer that does not fire again may be gone as soon as it has fired: it lies on the stack that it wakes. */
        int64_t again = timer->fire(timer, now);
        if (again != TIME_NEVER)
            insert(p, timer, again);
    }
    update_due(p);
    lock_drop(&p->timer_lock);
}

/* Before a thread goes on to run a goroutine: somebody must be awake in time for the first timer. */
void timers_watch(void)
{
    int64_t earliest = timers_earliest();
    if (earliest >= load_ordered(&monitor_until))
        return;
    int64_t keeper = load_ordered(&sched.keeper);
    if (keeper != 0 && keeper <= earliest)
        return;
    monitor_kick();
}

/* ---- sleeping ---- */

struct sleeper {
    struct timer timer;
    struct goroutine *g;
};

static int64_t wake_sleeper(struct timer *timer, int64_t now)
{
    (void)now;
    sched_ready(container_of(timer, struct sleeper, timer)->g);
    return TIME_NEVER;
}

static void sleep_thread(struct goroutine *g, int64_t when)
{
    while (os_wait(&g->note, 0, when) == 0)
        ;
}

/* As if in line on something that never comes. */
static int sleep_interruptibly(struct goroutine *g, int64_t when)
{
    struct lock lock = {LOCK_HELD};
    struct wait_queue nothing = {NULL, NULL};
    struct waiter w = {.g = g};
    int result = wait_in_line(&lock, &nothing, &w, when, "sleep");
    return result == -ETIMEDOUT && sched_now() >= when ? 0 : result;
}

int timer_sleep(int64_t when)
{
    struct goroutine *g = sched_self();
    if (g->canceller)
        return sleep_interruptibly(g, when);
    struct sleeper sleeper = {.timer.fire = wake_sleeper, .g = g};
    if (g->kind == KIND_THREAD) {
        sleep_thread(g, when);
        return 0;
    }
    struct processor *p = home();
    lock_take(&p->timer_lock);
    insert(p, &sleeper.timer, when);
    sched_park(&p->timer_lock, "sleep", NULL);
    return 0;
}
