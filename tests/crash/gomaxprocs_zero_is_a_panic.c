/* exit: 2; line: panic: GOMAXPROCS=0: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include "goroutine.h"

int main(void)
{
    setenv("GOMAXPROCS", "0", 1);
    go_yield();
    return 0;
}
