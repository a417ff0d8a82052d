/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static void send_later(void *c)
{
    go_blocking_begin();
    usleep(500000);
    go_blocking_end();
    go_send(c, NULL);
}

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    go_spawn(send_later, c);
    return go_recv(c, NULL);
}
