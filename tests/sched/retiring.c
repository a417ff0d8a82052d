/* Who runs on a processor that is to leave service is no deadlock, nor is an idle processor that is to leave one more that is idle:
 * a look for one that falls in between finds none. A program without the framework, whose watchdog is a thread that might wake
 * somebody.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include "os/tap.h"

#include "goroutine.h"
#include "sched/ending.h"

enum { ROUNDS = 200 };

static atomic_bool retiring;
static atomic_long looks;

/* A goroutine that waits until a processor has left service tells the monitor: so one runs. */
void __real_monitor_kick(void);
void __wrap_monitor_kick(void)
{
    if (atomic_load(&retiring)) {
        atomic_fetch_add(&looks, 1);
        deadlock_check();
    }
    __real_monitor_kick();
}

int main(void)
{
    bool counted = true;

    for (int i = 0; i < ROUNDS; i++) {
        go_maxprocs(2 + i % 3);
        go_yield();
        atomic_store(&retiring, true);
        counted &= go_maxprocs(1) == 2 + i % 3;
        atomic_store(&retiring, false);
    }
    OK(counted, "processors leave service while nothing else runs");
    OK(atomic_load(&looks) > 0, "a look for a deadlock fell in between");
    return tap_end();
}
