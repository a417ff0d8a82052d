/* exit: 0; line: sent; line: received; line: finished */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include "goroutine.h"

static void receive(void *channel)
{
    int n;

    go_recv(channel, &n);
    fprintf(stderr, "received\n");
}

static void *send_later(void *channel)
{
    usleep(200000);
    go_send(channel, &(int){1});
    fprintf(stderr, "sent\n");
    usleep(200000);
    fprintf(stderr, "finished\n");
    return NULL;
}

int main(void)
{
    go_chan *channel = go_chan_new(sizeof(int), 0);
    pthread_t thread;

    go_spawn(receive, channel);
    if (pthread_create(&thread, NULL, send_later, channel) != 0)
        return 1;
    pthread_exit(NULL);
}
