/* exit: 134; line: fatal: stack overflow: goroutine 2 greedy has * bytes of stack; go_spawn_attr can give it more */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

/* KiB: more than there is where a sanitizer, or an emulator, has stacks be larger. But where there is no guard, it lies in memory.
 */
#ifdef __EMSCRIPTEN__
enum { MUCH = 80 };
#else
enum { MUCH = 1024 };
#endif

/* Frame by frame, so that a guard is met before what lies below it. */
static __attribute__((noinline)) void take_more(int left)
{
    volatile char some[1024];

    for (int i = 0; i < 1024; i += 256)
        some[i] = (char)left;
    __asm__ volatile("" : : "r"(some) : "memory");
    if (left > 0)
        take_more(left - 1);
    else
        go_yield();
    some[left % 1024] = some[0];
}

static void take(void *unused)
{
    (void)unused;
    take_more(MUCH);
}

int main(void)
{
    struct go_attr attr = {.stack_size = 64 << 10, .name = "greedy"};

    go_spawn_attr(&attr, take, NULL);
    go_sleep(GO_SECOND);
    return 0;
}
