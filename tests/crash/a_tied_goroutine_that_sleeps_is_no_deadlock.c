/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void send_later(void *c)
{
    go_lock_thread();
    for (int i = 0; i < 10; i++)
        go_sleep(30 * GO_MILLISECOND);
    go_send(c, NULL);
}

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    go_spawn(send_later, c);
    return go_recv(c, NULL);
}
