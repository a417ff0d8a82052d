/* The relief: a thread that runs those that were taken off when nobody else can.
 *
 * Who makes threads and identities may wait for a lock of libc's, and its owner for a thread to run on: all others may sleep for
 * the same lock. One of these can be woken with a signal, and run the owner (taken_relieve), unless it has to stop with its
 * goroutine: it is tied to it, the goroutine has changed the signal mask, or uses the thread's own identity. All may be of that
 * kind.
 *
 * So there is one thread that nobody can use up. It has no identity for goroutines, and gets none: it runs only those that have
 * one, of those that were taken off, until another thread is idle, or there are none. So whoever it serves instead of is still
 * wanted: no processor is idle then, but those who have no identity would wait as long as others are taken off. It says so with
 * each that it runs, since the maker may just then have found that nobody was wanted, or who came may be busy elsewhere. Goroutines
 * are not tied to it, nor block on it, and what they give up is spare at once. It is made before there is any goroutine.
 * docs/model/identity.pml.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/sched.h"

#include <errno.h>

enum state { ABSENT, FAILED, RESTS, SERVES };

static _Atomic uint32_t state;

/* ---- by others ---- */

/* The first call waits until it is there: later it might wait itself, for a lock that it is to help with. */
int relief_start(void)
{
    if (!identity_is_possible())
        return 0;
    store_ordered(&state, ABSENT);
    int error = thread_start_relief();
    if (error)
        return error;
    while (load_acquire(&state) == ABSENT) /* partner: say */
        os_wait(&state, ABSENT, TIME_NEVER);
    return load_relaxed(&state) == FAILED ? -ENOMEM : 0;
}

/* It holds a processor that was idle, until there is another thread for that. Under sched.lock. */
bool relief_serves(void)
{
    return load_relaxed(&state) == SERVES;
}

/* True if it has been given a processor. Only the monitor calls it. */
bool relief_call(void)
{
    if (load_acquire(&state) != RESTS || load_relaxed(&sched.preempted_waiting) == 0) /* partner: say */
        return false;
    lock_take(&sched.lock);
    struct processor *p = idle_pop();
    if (p)
        store_relaxed(&state, SERVES);
    lock_drop(&sched.lock);
    if (!p)
        return false;
    thread_wake(load_relaxed(&sched.relief), p, false);
    return true;
}

/* ---- by the thread itself ---- */

static void say(enum state now)
{
    store_release(&state, now);
    os_wake(&state, 1);
}

void relief_fails(void)
{
    say(FAILED);
}

static void rest(struct thread *m)
{
    say(RESTS);
    thread_sleep(m, TIME_NEVER); /* partner: relief_call */
    store_relaxed(&m->note, 0);
    processor_take(m, m->handed);
    m->handed = NULL;
}

static bool somebody_is_idle(void)
{
    lock_take(&sched.lock);
    bool idle = sched.idle_threads != NULL;
    lock_drop(&sched.lock);
    return idle;
}

/* The goroutine to run; on return the thread has a processor. */
struct goroutine *relief_find_work(struct thread *m)
{
    identity_leave(m);
    for (;;) {
        struct goroutine *g = NULL;
        if (m->p && (int)m->p->id >= load_relaxed(&sched.processors))
            processor_retire(m);
        else if (m->p && !somebody_is_idle())
            g = find_identified(m->p);
        if (g) {
            want_thread();
            return g;
        }
        if (m->p)
            hand_over(processor_drop(m));
        rest(m);
    }
}

/* The calling goroutine is going to have its thread for itself: another one, then. */
void relief_leave(void)
{
    while (thread_self() == load_relaxed(&sched.relief))
        sched_yield_now();
}
