/* exit: 2; line: panic: GOROUTINE_PREEMPT=maybe: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include "goroutine.h"

int main(void)
{
    setenv("GOROUTINE_PREEMPT", "maybe", 1);
    go_yield();
    return 0;
}
