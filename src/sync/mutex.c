/* The mutex: one word while nobody waits; in line, and not starved, when somebody does.
 *
 * An unlock wakes the first in line, and that one competes with newcomers, which are faster because they are running: a mutex that
 * changes hands only through wake-ups is slow. A waiter that was passed over for 1 ms is given the mutex directly instead, so none
 * starves. (The scheme of Go's sync.Mutex since 1.9.)
 *
 * word: HELD; WAITED: the queue may not be empty, so an unlock must look; WOKEN: one from the queue is awake and competing, so an
 * unlock need not wake another. The queue is under the guard. HELD is set by whoever gets the mutex and cleared by whoever unlocks
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"
#include "os/os.h"
#include "sync/mutex.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

#define HELD   1u
#define WAITED 2u
#define WOKEN  4u

#define STARVES_AFTER 1000000
#define SPINS         30

enum { TRY_AGAIN, HANDED };

struct mutex {
    _Atomic uint32_t word;
    struct lock guard;
    struct wait_queue queue;
};
_Static_assert(sizeof(struct mutex) <= sizeof(go_mutex), "go_mutex is too small");

struct mutex_waiter {
    struct waiter waiter;
    int64_t since;
};

/* Worth a try before sleeping: the holder may be about to unlock on another processor. */
static bool spin(struct mutex *m)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t word = load_relaxed(&m->word);
        if (!(word & HELD) && cas_ordered(&m->word, &word, word | HELD))
            return true;
        arch_relax();
    }
    return false;
}

/* Under the guard: takes a free mutex, or leaves word on it that somebody waits. `mine` is WOKEN if we are the one awake. */
static bool take_or_mark(struct mutex *m, uint32_t mine)
{
    uint32_t word = load_relaxed(&m->word);
    for (;;) {
        bool held = word & HELD;
        uint32_t next = (word & ~mine) | (held ? WAITED : HELD);
        if (cas_ordered(&m->word, &word, next))
            return !held;
    }
}

static int wait_for_turn(struct mutex *m, struct mutex_waiter *w, bool again, int64_t deadline)
{
    w->waiter.result = TRY_AGAIN;
    if (again) {
        wait_queue_push_front(&m->queue, &w->waiter);
    } else {
        wait_queue_push(&m->queue, &w->waiter);
    }
    return wait_queued(&m->guard, &m->queue, &w->waiter, deadline, "mutex");
}

static NOINLINE int lock_slow(struct mutex *m, struct goroutine *g, int64_t deadline)
{
    struct mutex_waiter w = {.waiter.g = g, .since = 0};
    uint32_t mine = 0;
    for (;;) {
        if (!mine && spin(m))
            return 0;
        lock_take(&m->guard);
        if (take_or_mark(m, mine)) {
            lock_drop(&m->guard);
            return 0;
        }
        int error = deadline_passed(deadline);
        if (error) {
            lock_drop(&m->guard);
            return error;
        }
        bool again = w.since != 0;
        if (!again)
            w.since = sched_now();
        int result = wait_for_turn(m, &w, again, deadline);
        if (result == HANDED)
            return 0;
        if (result < 0)
            return result;
        mine = WOKEN;
    }
}

/* Under the guard, the mutex held by the caller: who is woken, and what the word becomes. */
static struct waiter *choose_next(struct mutex *m)
{
    uint32_t word = load_relaxed(&m->word);
    struct waiter *w = NULL;
    uint32_t keep = word & WOKEN;
    if (!keep && (w = wait_queue_pop(&m->queue))) {
        int64_t since = container_of(w, struct mutex_waiter, waiter)->since;
        bool starves = sched_now() - since >= STARVES_AFTER;
        w->result = starves ? HANDED : TRY_AGAIN;
        keep = starves ? HELD : WOKEN;
    }
    uint32_t next = keep | (wait_queue_empty(&m->queue) ? 0 : WAITED);
    /* While it is held, who unlocks and who has the guard change the word: we are both. */
    store_release(&m->word, next);
    return w;
}

bool mutex_is_locked(const go_mutex *mutex)
{
    return load_relaxed(&((const struct mutex *)mutex)->word) & HELD;
}

static NOINLINE void unlock_slow(struct mutex *m)
{
    sched_self();
    lock_take(&m->guard);
    if (!(load_relaxed(&m->word) & HELD)) {
        lock_drop(&m->guard);
        panic("go_mutex_unlock of a mutex that is not locked");
    }
    struct waiter *w = choose_next(m);
    lock_drop(&m->guard);
    if (w)
        sched_ready(w->g);
}

int go_mutex_lock_until(go_mutex *mutex, int64_t deadline)
{
    struct mutex *m = (struct mutex *)mutex;
    if (unlikely(!m))
        return -EINVAL;
    /* Also past those in line: they are slower to come than we are. */
    uint32_t word = load_relaxed(&m->word);
    if (likely(!(word & HELD) && cas_ordered(&m->word, &word, word | HELD)))
        return 0;
    return lock_slow(m, sched_self(), deadline);
}

int go_mutex_lock(go_mutex *mutex)
{
    return go_mutex_lock_until(mutex, INT64_MAX);
}

int go_mutex_unlock(go_mutex *mutex)
{
    struct mutex *m = (struct mutex *)mutex;
    if (unlikely(!m))
        return -EINVAL;
    /* Nobody to wake: the line is empty, or one of it is awake already and will see the mutex free. */
    uint32_t word = load_relaxed(&m->word);
    bool simple = word == HELD || (word & (HELD | WOKEN)) == (HELD | WOKEN);
    if (unlikely(!simple || !cas_ordered(&m->word, &word, word & ~HELD)))
        unlock_slow(m);
    return 0;
}
