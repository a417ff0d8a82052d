/* exit: 2; line: panic: GOMAXPROCS=many: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include "goroutine.h"

int main(void)
{
    setenv("GOMAXPROCS", "many", 1);
    go_yield();
    return 0;
}
