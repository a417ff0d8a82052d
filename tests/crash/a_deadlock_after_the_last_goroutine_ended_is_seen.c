/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; last line: *; line: the others are done */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

static void send_some(void *c)
{
    for (int i = 0; i < 100; i++)
        go_send(c, &i);
    fprintf(stderr, "the others are done\n");
}

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);

    go_spawn(send_some, c);
    for (int i = 0; i < 101; i++) /* one too many */
        go_recv(c, NULL);
    return 0;
}
