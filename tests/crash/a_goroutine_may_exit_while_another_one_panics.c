/* exit: 2; line: panic: after exit() was called [goroutine 2] */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "goroutine.h"

static void let_exit_be_called(void *begun)
{
    go_chan_close(begun);
    go_sleep(100 * GO_MILLISECOND);
}

static void fail(void *begun)
{
    GO_DEFER(let_exit_be_called, begun);
    go_panic("after exit() was called");
}

static void leave(void *begun)
{
    go_recv(begun, NULL);
    exit(0);
}

int main(void)
{
    go_chan *begun = go_chan_new(0, 0);
    go_spawn(fail, begun);
    go_spawn(leave, begun);
    go_sleep(1000 * GO_SECOND);
    return 0;
}
