/* exit: 134; line: fatal: stack overflow: goroutine 2 greedy has * bytes of stack; go_spawn_attr can give it more */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "goroutine.h"

/* More than there is where a sanitizer, or an emulator, has stacks be larger. But where there is no guard, it lies in memory. */
#ifdef __EMSCRIPTEN__
enum { MUCH = 80 << 10 };
#else
enum { MUCH = 1 << 20 };
#endif

static void take(void *unused)
{
    volatile char much[MUCH];

    (void)unused;
    for (size_t i = sizeof much; i-- > 0;) /* from above, so that a guard is met before what lies below it */
        much[i] = (char)i;
    go_yield();
}

int main(void)
{
    struct go_attr attr = {.stack_size = 64 << 10, .name = "greedy"};

    go_spawn_attr(&attr, take, NULL);
    go_sleep(GO_SECOND);
    return 0;
}
