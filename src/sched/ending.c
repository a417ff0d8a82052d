/* What libc's ways to end a thread do in a goroutine (os.h): a call to end the calling thread, one to cancel it, and what goes with
 * them.
 *
 * The end is that of go_exit. Only in main() it is another one: there such a call must leave the process to the others, and end it
 * well when all have ended. So goroutine 1, with nothing of main() left on its stack, stays behind to call exit().
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/ending.h"

#include "sched/identity.h"
#include "sched/runtime.h"
#include "sched/sched.h"

#include <stdlib.h>

#include "goroutine/task.h"

#define BETWEEN_LOOKS (20 * GO_MILLISECOND) /* for threads of the program's own, whose end nobody tells */

static struct lock lock;
static struct wait_queue main_waiting; /* under lock */
static _Atomic uint32_t main_waits;
static bool main_stays;

static struct os_ending *of_caller(void)
{
    const struct thread *m = thread_mine();
    struct goroutine *g = m ? m->current : NULL;
    return g && g->kind == KIND_GOROUTINE ? &g->ending : NULL;
}

/* ---- the end ---- */

static _Noreturn void end(void)
{
    const struct thread *m = thread_mine();
    if (m && m->hold)
        ruin("what the library calls has called for the end of its thread");
    struct goroutine *g = sched_self();
    g->canceller = NULL;
    bind_reset(g, 0);
    blocking_reset(g, 0);
    if (g == &main_goroutine)
        main_stays = true;
    goroutine_end(g);
}

static void go_on(void)
{
    stack_leave(sched_self());
}

/* Whoever uses an identity that it was not made with: the stack is another thread's, which sleeps. */
static void lost(const char *words)
{
    fatal("%s", words);
}

/* ---- main() ---- */

bool ending_stays(const struct goroutine *g)
{
    return g == &main_goroutine && main_stays;
}

/* Everything is still. True: goroutine 1 has been told to look whether that is the end. Not where others wait for ever, and
 * nobody is there who could wake them: that is a deadlock. */
bool ending_tell_main(bool only_ours)
{
    if (!load_relaxed(&main_waits) || (only_ours && goroutine_count() > 1))
        return false;
    lock_take(&lock);
    struct waiter *w = wait_queue_pop(&main_waiting);
    if (w)
        sched_ready(w->g); /* under the lock: others look too, and while it is nowhere it would be a deadlock to them */
    lock_drop(&lock);
    return w != NULL;
}

static void wait(struct goroutine *g, struct wait_queue *q, int64_t deadline)
{
    struct waiter w = {.g = g};
    lock_take(&lock);
    wait_in_line(&lock, q, &w, deadline, "the end of all others");
}

_Noreturn void ending_stay(struct goroutine *g)
{
    static struct wait_queue nobody_wakes;
    store_ordered(&main_waits, 1);
    do {
        wait(g, &main_waiting, TIME_NEVER);
        while (!deadlock_only_ours())
            wait(g, &nobody_wakes, sched_now() + BETWEEN_LOOKS);
    } while (goroutine_count() > 1);
    exit(0);
}

/* ---- cancelled by itself ---- */

/* In main() there is no low end of the stack that is known. */
static void *keep_identity(void)
{
    struct goroutine *g = sched_self();
    if (g == &main_goroutine || g->blocking)
        return NULL;
    if (!identity_is_possible() || os_owners_are_threads() || g->locks_thread) {
        go_lock_thread();
    } else {
        g->keeps_identity++;
        identity_keep_waiting(g);
        g->identity_for_life = true;
    }
    return (void *)g->stack_low;
}

static const struct os_ending_hooks hooks = {
    .mine = of_caller,
    .end = end,
    .go_on = go_on,
    .keep_identity = keep_identity,
    .is_lent = identity_has_name,
    .lost = lost,
};

void ending_start(void)
{
    os_ending_start(&hooks);
}
