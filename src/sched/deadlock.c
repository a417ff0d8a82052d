/* Noticing that no goroutine can ever run again.
 *
 * Called by a thread that is about to sleep for good. All is still if every processor is idle, nothing is queued, no timer is
 * armed, no goroutine waits for a descriptor, is being told that it is ready, or is in a blocking region, and the process has no
 * thread but ours, since any other could call go_send.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/ending.h"
#include "sched/poll.h"
#include "sched/sched.h"

/* Those to be taken out of service count until they are: one of them may be the only one that runs, and idle ones are still on the
 * idle list. */
static uint32_t processors_in_service(void)
{
    int count = load_relaxed(&sched.processors);
    for (int i = count, end = load_relaxed(&sched.horizon); i < end; i++)
        count += load_ordered(&processor_at(i)->state) != P_RETIRED;
    return (uint32_t)count;
}

/* Under sched.lock. */
static bool nobody_runs(void)
{
    return load_ordered(&sched.queued) == 0 && load_ordered(&sched.idle_count) == processors_in_service();
}

/* A goroutine that a descriptor wakes first waits, then is passed on, then is queued, then has a processor: looked for in this
 * order, it is found. The first is read without order, so the second is added to: that is not done before. Partner: the increment
 * in poll_dispatch. */
static bool no_descriptor_wakes(void)
{
    return !poll_anybody_waits() && add_ordered(&sched.dispatching, 0) == 0 && nobody_runs();
}

static bool all_still(void)
{
    lock_take(&sched.lock);
    bool still = nobody_runs() && load_ordered(&sched.searching) == 0 && load_ordered(&sched.blocking) == 0 &&
                 timers_earliest() == TIME_NEVER && load_ordered(&sched.wanted_threads) == 0 && no_descriptor_wakes();
    lock_drop(&sched.lock);
    return still;
}

bool deadlock_only_ours(void)
{
    int monitor = os_has_threads();
    int ours = (int)(load_ordered(&sched.threads) + load_ordered(&sched.others)) + monitor + SANITIZE_THREADS;
    return os_thread_count() == ours;
}

/* A thread of ours that is about to end is not counted by us any more, but for a while by the system. It says so, then is not
 * counted, then kicks the monitor: which looks for a deadlock only after it has seen that nobody is in between, or will be kicked.
 * (And an emulator has a thread that beside load is seen to be its own only after a while.) */
bool deadlock_is_hidden(void)
{
    return os_threads_leave() || os_threads_begin();
}

static bool alone(void)
{
    return !load_ordered(&sched.foreign) && deadlock_only_ours();
}

void deadlock_check(void)
{
    /* Twice: what the count of threads took so long to see may have moved meanwhile. */
    if (!all_still() || ending_tell_main(deadlock_only_ours()) || !alone() || !all_still())
        return;
    report_claim(); /* several see it at once */
    static const char asleep[] = "fatal: all goroutines are asleep - deadlock!\n";
    static const char gone[] = "fatal: no goroutines left, and main() has called go_exit - deadlock!\n";
    if (goroutine_count() == 0) {
        os_write(2, gone, sizeof gone - 1);
    } else {
        os_write(2, asleep, sizeof asleep - 1);
        dump_all(2, NULL);
    }
    os_exit(2);
}
