/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*sleep* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_sleep_until(GO_FOREVER);
    return 0;
}
