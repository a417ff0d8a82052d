/* Noticing that no goroutine can ever run again.
 *
 * Called by a thread that is about to sleep for good. All is still if every processor is idle, nothing is queued, no timer is
 * armed, no goroutine waits for a descriptor or is in a blocking region, and the process has no thread but ours, since any other
 * could call go_send.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/sched.h"

#define MONITOR_THREADS 1

static bool all_still(void)
{
    lock_take(&sched.lock);
    bool still = load_ordered(&sched.idle_count) == (uint32_t)load_relaxed(&sched.processors) && load_ordered(&sched.queued) == 0 &&
                 load_ordered(&sched.searching) == 0 && load_ordered(&sched.blocking) == 0 && timers_earliest() == TIME_NEVER &&
                 load_ordered(&sched.wanted_threads) == 0 && !poll_anybody_waits();
    lock_drop(&sched.lock);
    return still;
}

static bool alone(void)
{
    if (load_ordered(&sched.foreign))
        return false;
    int ours = (int)load_ordered(&sched.threads) + MONITOR_THREADS + SANITIZE_THREADS;
    return os_thread_count() == ours;
}

void deadlock_check(void)
{
    /* Twice: what the count of threads took so long to see may have moved meanwhile. */
    if (!all_still() || !alone() || !all_still())
        return;
    static const char asleep[] = "fatal: all goroutines are asleep - deadlock!\n";
    static const char gone[] = "fatal: no goroutines left, and main() has called go_exit - deadlock!\n";
    if (goroutine_count() == 0) {
        os_write(2, gone, sizeof gone - 1);
    } else {
        os_write(2, asleep, sizeof asleep - 1);
        dump_all(2);
    }
    os_exit(2);
}
