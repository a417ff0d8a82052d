/* Threads that are wanted: a processor was idle, work was there, and no thread for it.
 *
 * The wish is a word (sched.wanted_threads), so that nobody has to make a thread in the middle of something. The monitor sees to it
 * at its looks: the maker makes one, which may take long, since libc has locks there, and their owner may be who waits for that
 * very thread. So if it takes long the others do without: what is queued on idle processors goes where somebody runs, and of those
 * that sleep in a call one is woken to run the others.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/sched.h"

#define RETRY 10000000   /* after the system had none to give */
#define LATE  10000000   /* one that was asked for is late, and one that sleeps in a call has to do, if who makes it sleeps too */
#define STUCK 1000000000 /* or if it does not: there are locks that are waited for by spinning */

/* The monitor's. */
static int64_t retry; /* not before */
static int64_t asked; /* when the maker was asked for one */
static int64_t eased; /* the same, or when one that sleeps was woken for want of it */

static void again_at(int64_t *next, int64_t when)
{
    if (when < *next)
        *next = when;
}

/* No thread is to be had: tries again some time later. The wish stays, so nobody kicks for it meanwhile. */
static void do_without(int64_t now)
{
    retry = now + RETRY;
    store_ordered(&sched.wanted_threads, THREAD_NOW);
    processor_free_idle_work();
}

/* False: it takes so long that the others have to do without it. */
static bool wait_for_it(int64_t now, int64_t slice, int64_t *next)
{
    if (now - eased >= LATE) {
        eased = now;
        if (maker_sleeps() || now - asked >= STUCK)
            taken_relieve();
    }
    again_at(next, eased + LATE);
    again_at(next, now + slice);
    return now - asked < slice;
}

static void ask(int64_t now)
{
    asked = eased = now;
    store_ordered(&sched.wanted_threads, THREAD_COMING);
    maker_kick();
}

/* False: there is none to be had soon. *next is when to look again, if that is earlier. Only the monitor calls it. */
bool wanted_threads_come(int64_t now, int64_t slice, int64_t *next)
{
    uint32_t wish = load_ordered(&sched.wanted_threads);
    if (wish == THREAD_ENOUGH)
        return true;
    if (wish == THREAD_COMING)
        return wait_for_it(now, slice, next);
    if (now >= retry && wish == THREAD_LATER) {
        taken_relieve();
        do_without(now);
    }
    if (now < retry) {
        again_at(next, retry);
        return false;
    }
    ask(now);
    again_at(next, now + slice);
    return true;
}
