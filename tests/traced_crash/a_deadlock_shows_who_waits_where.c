/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line:     take_the_second+0x* a_deadlock_shows_*.c:*;
 * line:     first_then_second+0x* a_deadlock_shows_*.c:*; line:     main+0x* a_deadlock_shows_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include "goroutine.h"

static go_mutex first, second;
static atomic_bool has_the_first;

__attribute__((noinline)) static void take_the_second(void)
{
    go_mutex_lock(&second);
    __asm__ volatile("" ::: "memory");
}

static void first_then_second(void *arg)
{
    (void)arg;
    go_mutex_lock(&first);
    atomic_store(&has_the_first, true);
    take_the_second();
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    go_mutex_lock(&second);
    go_spawn(first_then_second, NULL);
    while (!atomic_load(&has_the_first))
        go_yield();
    go_mutex_lock(&first);
    return 0;
}
