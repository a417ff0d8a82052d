/* exit: 2; line: panic: go_mutex_unlock *; line:     go_mutex_unlock+0x* mutex.c:*; line:     unlock_twice+0x* a_panic_shows_*.c:*;
 * line:     worker+0x* a_panic_shows_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

__attribute__((noinline)) static void unlock_twice(go_mutex *m)
{
    go_mutex_unlock(m);
    go_mutex_unlock(m);
    __asm__ volatile("" ::: "memory");
}

static void worker(void *arg)
{
    go_mutex_lock(arg);
    unlock_twice(arg);
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    static go_mutex m;

    go_spawn(worker, &m);
    go_sleep(10 * GO_SECOND);
    return 0;
}
