/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static void *unlock_late(void *m)
{
    usleep(500000);
    go_mutex_unlock(m);
    return NULL;
}

int main(void)
{
    static go_mutex m;
    pthread_t thread;

    if (pthread_create(&thread, NULL, unlock_late, &m) != 0)
        return 1;
    go_mutex_lock(&m);
    go_mutex_lock(&m);
    return 0;
}
