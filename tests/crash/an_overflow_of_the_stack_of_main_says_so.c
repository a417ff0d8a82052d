/* exit: 134; line: fatal: stack overflow: goroutine 1 main* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static volatile int depth;

__attribute__((noinline)) static int recurse(int n)
{
    volatile char filler[1000];
    filler[n % 1000] = 1;
    depth = n;
    return n < 0 ? 0 : recurse(n + 1) + depth + filler[7];
}

static void overflow(void *arg)
{
    (void)arg;
    recurse(0);
}

int main(void)
{
    go_yield();
    return go_try(overflow, NULL, NULL);
}
