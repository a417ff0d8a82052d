/* exit: 134; line: fatal: stack overflow: goroutine 2 * */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

/* A frame that the next one can see cannot be done without. */
__attribute__((noinline)) static int recurse(int n, volatile char *caller)
{
    volatile char frame[50000]; /* touched only at its far end */

    frame[0] = (char)(n + caller[0]);
    return n > 1000 ? 0 : recurse(n + 1, frame) + frame[0];
}

static void overflow(void *arg)
{
    volatile char none = 0;

    (void)arg;
    recurse(0, &none);
}

int main(void)
{
    go_spawn(overflow, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
