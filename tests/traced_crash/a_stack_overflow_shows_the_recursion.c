/* exit: 134; line: fatal: stack overflow: goroutine *; line:     recurse*+0x* a_stack_overflow_*.c:*; line:     ... * frames ...;
 * line:     overflow+0x* a_stack_overflow_*.c:* */
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
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    go_spawn_attr(&(struct go_attr){.stack_size = 64 << 10}, overflow, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
