/* The slow halves of the lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/lock.h"

#include "arch/arch.h"
#include "os/os.h"
#include "sched/preempt.h"

#define SPINS      256
#define PAUSE_MOST 32

void lock_wait(struct lock *lock)
{
    /* Ever longer pauses: meanwhile the holder takes the lock again and again out of its own cache, and gets more done than if the
     * two took turns. (T. E. Anderson: The performance of spin lock alternatives, 1990.) */
    for (int pause = 1, spins = 0; spins < SPINS; spins += pause) {
        for (int i = 0; i < pause; i++)
            arch_relax();
        if (load_relaxed(&lock->word) == LOCK_FREE && lock_try(lock))
            return;
        if (pause < PAUSE_MOST)
            pause *= 2;
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
