/* The slow halves of the lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/lock.h"

#include "arch/arch.h"
#include "os/os.h"
#include "sched/preempt.h"

#define SPINS 200

void lock_wait(struct lock *lock)
{
    for (int i = 0; i < SPINS; i++) {
        if (load_relaxed(&lock->word) == LOCK_FREE && lock_try(lock))
            return;
        arch_relax();
    }
    /* From here on the lock is taken as contended: whoever drops it wakes one, even if nobody sleeps any more. */
    preempt_hold();
    while (swap_ordered(&lock->word, LOCK_CONTENDED) != LOCK_FREE)
        os_wait(&lock->word, LOCK_CONTENDED, TIME_NEVER);
    preempt_release();
}

void lock_wake(struct lock *lock)
{
    preempt_hold();
    os_wake(&lock->word, 1);
    preempt_release();
}
