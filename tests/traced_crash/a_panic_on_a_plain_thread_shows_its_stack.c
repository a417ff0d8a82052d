/* exit: 2; line: panic: go_mutex_unlock *[plain thread]; line:     unlock_too_often+0x* a_panic_on_*.c:*;
 * line:     plain_thread+0x* a_panic_on_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include "goroutine.h"

__attribute__((noinline)) static void unlock_too_often(void)
{
    static go_mutex m;

    go_mutex_unlock(&m);
    __asm__ volatile("" ::: "memory");
}

static void *plain_thread(void *arg)
{
    unlock_too_often();
    __asm__ volatile("" ::: "memory");
    return arg;
}

int main(void)
{
    pthread_t thread;

    go_yield();
    pthread_create(&thread, NULL, plain_thread, NULL);
    pthread_join(thread, NULL);
    return 0;
}
