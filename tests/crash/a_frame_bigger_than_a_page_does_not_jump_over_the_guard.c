/* exit: 134; line: fatal: stack overflow: goroutine 2 * */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

__attribute__((noinline)) static int recurse(int n)
{
    volatile char frame[50000]; /* touched only at its far end */

    frame[0] = (char)n;
    return n > 1000 ? 0 : recurse(n + 1) + frame[0];
}

static void overflow(void *arg)
{
    (void)arg;
    recurse(0);
}

int main(void)
{
    go_spawn(overflow, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
