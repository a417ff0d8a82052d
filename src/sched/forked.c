/* The child of a fork. It has one thread, the one that forked, and of the goroutines none but the one that it ran, which no
 * scheduler knows any more. What that thread knew of itself is forgotten before fork returns there, so that no signal finds
 * anything to preempt and what every call asks first, who it is, ends on the slow path: there the child is told that it may not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/sched.h"
#include "sched/trace.h"

static bool is_child;

static void begin_child(void)
{
    if (!load_relaxed(&sched.started))
        return;
    thread_forget_itself();
    is_child = true;
}

__attribute__((constructor)) static void watch_forks(void)
{
    os_fork_watch(begin_child);
}

/* No dump of the others: they are not here, and the locks that they held will never be free. */
static _Noreturn NOINLINE void refuse(void)
{
    static const char words[] =
        "panic: a call of the library in the child of a fork, which may only execute another program or end\n";
    struct go_stack here = trace_caller();
    os_write(2, words, sizeof words - 1);
    trace_write(2, NULL, &here);
    os_exit(2);
}

void forked_check(void)
{
    if (unlikely(is_child))
        refuse();
}
