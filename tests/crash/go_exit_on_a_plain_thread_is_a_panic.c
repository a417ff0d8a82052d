/* exit: 2; line: panic: go_exit on a plain thread* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

static void *leave(void *arg)
{
    (void)arg;
    go_exit();
}

int main(void)
{
    pthread_t thread;

    go_yield();
    if (pthread_create(&thread, NULL, leave, NULL) == 0)
        pthread_join(thread, NULL);
    return 0;
}
