/* Being woken at once and on time.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

/* The first version of the kernel's struct sched_attr; libc began to declare it only lately. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

enum {
    RESET_ON_FORK = 1, /* threads and children that this one starts get neither the slice nor the priority */
    SHORT_SLICE = 100 * 1000,
    FIRST_OF_ALL = -20
};

static _Thread_local int niceness __attribute__((tls_model("initial-exec"))); /* before it was urgent */

/* Linux 6.12 takes runtime as the wanted slice of an ordinary thread: the shorter, the sooner it runs after a wake-up. Older
 * kernels ignore it. The priority needs a permission that few have, so the slice is asked for once more without it. */
static void ask_for_short_slice(void)
{
    struct attributes now = {0};
    if (os_call(SYS_sched_getattr, 0, &now, sizeof now, 0) < 0)
        return;
    if (now.policy != SCHED_OTHER && now.policy != SCHED_BATCH)
        return; /* somebody gave this thread a better class than we could ask for */
    struct attributes wanted = now;
    wanted.flags |= RESET_ON_FORK;
    wanted.runtime = SHORT_SLICE;
    wanted.nice = FIRST_OF_ALL;
    if (os_call(SYS_sched_setattr, 0, &wanted, 0) == 0) {
        niceness = now.nice;
        return;
    }
    wanted.nice = now.nice;
    os_call(SYS_sched_setattr, 0, &wanted, 0);
}

/* A thread that an urgent one starts has lost its priority, but what it gets instead is always 0: more than a process has that is
 * run with `nice`. */
int os_prompt_niceness(void)
{
    return niceness;
}

void os_prompt_inherit(int wanted)
{
    if (wanted != 0)
        os_call(SYS_setpriority, PRIO_PROCESS, 0, wanted);
}

void os_thread_set_prompt(bool urgent)
{
    os_call(SYS_prctl, PR_SET_TIMERSLACK, 1L); /* nanosecond, instead of 50 us by which the kernel may batch timers */
    if (urgent)
        ask_for_short_slice();
}
