/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void send(void *c)
{
    go_send(c, NULL);
}

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    return !go_after_func(500 * GO_MILLISECOND, send, c) || go_recv(c, NULL) != 0;
}
