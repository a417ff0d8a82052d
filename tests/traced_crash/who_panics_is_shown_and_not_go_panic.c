/* exit: 2; line: panic: 3 of 4 [plain thread]; line:     give_up*+0x* who_panics_*.c:*; line:     plain_thread+0x*
 * who_panics_*.c:*; no line:     go_panic*; line: goroutine 1 "main" [in a blocking region*; line:     wait_for_thread*+0x*
 * who_panics_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

__attribute__((noinline)) static void give_up(int n)
{
    go_panic("%d of 4", n);
}

static void *plain_thread(void *arg)
{
    give_up(3);
    __asm__ volatile("" ::: "memory");
    return arg;
}

__attribute__((noinline)) static void wait_for_thread(void)
{
    pthread_t thread;

    go_blocking_begin();
    pthread_create(&thread, NULL, plain_thread, NULL);
    pthread_join(thread, NULL);
    go_blocking_end();
}

int main(void)
{
    go_yield();
    wait_for_thread();
    return 0;
}
