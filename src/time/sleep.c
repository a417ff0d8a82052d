/* The clock and sleeping.
 *
 * SPDX-License-Identifier: MIT
 */
#include "os/os.h"
#include "sched/sched.h"

#include "goroutine/time.h"

int64_t go_now(void)
{
    preempt_hold();
    int64_t now = sched_now();
    preempt_release();
    return now;
}

int64_t go_deadline(int64_t ns)
{
    int64_t deadline;
    if (__builtin_add_overflow(go_now(), ns, &deadline))
        return ns > 0 ? GO_FOREVER : 1;
    return deadline > 0 ? deadline : 1;
}

int go_sleep_until(int64_t deadline)
{
    if (deadline <= go_now()) {
        sched_yield_now();
        return 0;
    }
    return timer_sleep(deadline);
}

int go_sleep(int64_t ns)
{
    if (ns <= 0) {
        sched_yield_now();
        return 0;
    }
    return go_sleep_until(go_deadline(ns));
}
