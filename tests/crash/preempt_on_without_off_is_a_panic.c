/* exit: 2; line: panic: go_preempt_on without go_preempt_off* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_preempt_off();
    go_preempt_on();
    go_preempt_on();
    return 0;
}
