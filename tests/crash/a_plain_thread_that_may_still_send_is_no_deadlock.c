/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <unistd.h>
#include "goroutine.h"

static void *send_late(void *c)
{
    sleep(1); /* until then every goroutine is asleep, but this thread is not one of them */
    go_send(c, &(int){5});
    return NULL;
}

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);
    pthread_t thread;
    int value = 0;

    go_yield();
    if (pthread_create(&thread, NULL, send_late, c) != 0)
        return 2;
    go_recv(c, &value);
    pthread_join(thread, NULL);
    return value != 5;
}
