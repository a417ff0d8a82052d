/* The poller's place in the scheduler: who blocks in it, and who looks in passing.
 *
 * What holds, once there is a poller: a thread blocks in it (it has the place: sched.poll_place), or one looks for work and will
 * look there too before it sleeps, or the monitor looks again before long. The place is an idle thread's while a processor is idle,
 * so that what comes in is run at once. While all are busy nobody needs it if goroutines come and go, as each look for work, each
 * 64th pick and the end of each slice include one in passing. Where nobody has looked for a grant, the monitor has those look that
 * switch, or takes the place itself if none does, and then asks who is in the way of what it catches to go.
 *
 * Who leaves the place with something to run is mostly back within microseconds: nobody is woken for that, as long as the monitor
 * looks by itself, and it does while the poller is in use: every half millisecond, after calm every 4. Only when it sleeps deeper,
 * it must be told. Partners: a thread that leaves the place frees it, then looks whether the monitor sleeps; the monitor says that
 * it sleeps, then looks whether the place is free.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/poll.h"

#include "sched/monitor.h"
#include "sched/runtime.h"
#include "sched/sched.h"

static const struct poller *_Atomic poller;

int sched_start_poller(const struct poller *wanted)
{
    static struct lock lock;
    if (load_acquire(&poller))
        return 0;
    int error = sched_ensure();
    if (error)
        return error;
    lock_take(&lock);
    preempt_hold();
    error = wanted->start();
    preempt_release();
    if (!error)
        store_ordered(&poller, wanted);
    lock_drop(&lock);
    if (!error)
        monitor_kick();
    return error;
}

bool poll_anybody_waits(void)
{
    const struct poller *p = load_acquire(&poller);
    return p && p->anybody_waits();
}

bool poll_is_started(void)
{
    return load_acquire(&poller) != NULL;
}

bool poll_place_is_free(void)
{
    return poll_is_started() && load_ordered(&sched.poll_place) == POLL_NOBODY;
}

bool poll_take_place(enum poll_place who)
{
    uint32_t nobody = POLL_NOBODY;
    return load_acquire(&poller) && cas_ordered(&sched.poll_place, &nobody, who);
}

void poll_leave_place(void)
{
    store_ordered(&sched.poll_place, POLL_NOBODY);
}

void poll_wait(struct poll_catch *c, int64_t deadline)
{
    c->n = load_acquire(&poller)->wait(c->ready, POLL_BATCH, deadline);
}

void poll_wake(void)
{
    load_acquire(&poller)->wake();
}

void poll_dispatch(const struct poll_catch *c)
{
    if (c->n <= 0)
        return;
    add_ordered(&sched.dispatching, 1); /* partner: no_descriptor_wakes; those about to be queued neither wait nor are queued */
    load_acquire(&poller)->dispatch(c->ready, c->n);
    add_ordered(&sched.dispatching, -1u);
}

/* Who is caught stands in line behind those on the ring. Where these are many they go first: what the kernel holds back keeps its
 * order there, and would lose it on the shared lists. Where they stay many, it is after a round of the ring. */
static bool line_is_long(struct processor *p)
{
    return load_relaxed(&p->woken.tail) - load_relaxed(&p->woken.head) > RING_SIZE / 2 && p->picks - p->polled_at < RING_SIZE;
}

bool poll_in_passing(struct processor *p)
{
    if (!load_acquire(&poller) || load_ordered(&sched.poll_place) == POLL_IDLE)
        return false;
    bump(&p->polls); /* also where it is put off: the monitor need not see to it */
    if (line_is_long(p))
        return false;
    p->polled_at = p->picks;
    struct poll_catch c;
    poll_wait(&c, 0);
    poll_dispatch(&c);
    return c.n > 0;
}

void poll_sleep(struct thread *m, int64_t deadline, struct poll_catch *c)
{
    store_ordered(&m->polls, 1); /* partner: thread_wake */
    c->n = 0;
    if (!load_ordered(&m->note))
        poll_wait(c, deadline);
    store_relaxed(&m->polls, 0);
    poll_leave_place();
    monitor_let_finish();
}
