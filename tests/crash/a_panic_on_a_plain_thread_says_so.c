/* exit: 2; line: panic: go_mutex_unlock *[plain thread] */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

static void *unlock(void *m)
{
    go_mutex_unlock(m);
    return NULL;
}

int main(void)
{
    go_mutex m = {0};
    pthread_t thread;

    go_yield();
    if (pthread_create(&thread, NULL, unlock, &m) == 0)
        pthread_join(thread, NULL);
    return 0;
}
