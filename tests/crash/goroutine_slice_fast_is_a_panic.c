/* exit: 2; line: panic: GOROUTINE_SLICE=fast: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include "goroutine.h"

int main(void)
{
    setenv("GOROUTINE_SLICE", "fast", 1);
    go_yield();
    return 0;
}
