/* Preemption where there are no interrupts: a goroutine goes when it calls the library and was asked to (give_way.c), and never
 * else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/preempt.h"

void preempt_start(enum preempt_mode mode)
{
    (void)mode;
}

void preempt_request(struct processor *p, bool quietly)
{
    (void)quietly;
    preempt_ask(p);
}

/* There is nothing to tell it by. */
bool preempt_in_library(uintptr_t pc)
{
    (void)pc;
    return false;
}

void preempt_interrupt(void *frame)
{
    (void)frame;
}
