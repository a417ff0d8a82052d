/* A lock for a few instructions: spins, then sleeps. Held only by the library's own text, which is never preempted, so a holder
 * is off its CPU only if the kernel says so. (U. Drepper: Futexes are tricky, 2011.)
 *
 * Lock order: an object's lock (channel, mutex, ...) before a canceller's or a timer heap's, before sched.lock, before the stack
 * pool's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_LOCK_H
#define SCHED_LOCK_H

#include "base/atomic.h"
#include "base/base.h"

enum { LOCK_FREE, LOCK_HELD, LOCK_CONTENDED /* held, and somebody may sleep */ };

/* All zero is a free lock. */
struct lock {
    _Atomic uint32_t word;
};

void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

static inline bool lock_try(struct lock *lock)
{
    uint32_t expected = LOCK_FREE;
    return cas_ordered(&lock->word, &expected, LOCK_HELD);
}

static inline void lock_take(struct lock *lock)
{
    if (unlikely(!lock_try(lock)))
        lock_wait(lock);
}

static inline void lock_drop(struct lock *lock)
{
    if (unlikely(swap_ordered(&lock->word, LOCK_FREE) == LOCK_CONTENDED))
        lock_wake(lock);
}

#endif
