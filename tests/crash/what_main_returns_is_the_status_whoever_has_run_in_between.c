/* exit: 7; last line: the last words */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void say(void)
{
    fprintf(stderr, "the last words\n");
}

static void send(void *c)
{
    go_sleep(GO_MILLISECOND);
    go_send(c, NULL);
    go_sleep(GO_SECOND);
    exit(1);
}

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    atexit(say);
    go_spawn(send, c);
    go_recv(c, NULL);
    return 7;
}
