/* Taking a processor from a thread that sleeps: nobody is there to do it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/monitor.h"
#include "sched/runtime.h"

struct thread *taken_self(void)
{
    return NULL;
}

bool taken_return(void)
{
    return false;
}

void taken_watch(struct thread *m)
{
    (void)m;
}

void taken_unwatch(struct thread *m)
{
    (void)m;
}

bool taken_sleeps(struct thread *m)
{
    (void)m;
    return false;
}

bool taken_in_call(struct thread *m)
{
    (void)m;
    return false;
}
