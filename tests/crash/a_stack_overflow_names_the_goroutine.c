/* exit: 134; line: fatal: stack overflow: goroutine 2 deep * */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static volatile int depth;

__attribute__((noinline)) static int recurse(int n)
{
    depth = n;
    return n < 0 ? 0 : recurse(n + 1) + depth;
}

static void overflow(void *arg)
{
    (void)arg;
    recurse(0);
}

int main(void)
{
    go_spawn_attr(&(struct go_attr){.name = "deep"}, overflow, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
