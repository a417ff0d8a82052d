/* exit: 3; last line: left; no line: panic:* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void let_exit_be_called(void *begun)
{
    go_chan_close(begun);
    go_sleep(1000 * GO_SECOND);
}

static void fail(void *begun)
{
    GO_DEFER(let_exit_be_called, begun);
    go_panic("never told");
}

static void say(void)
{
    fputs("left\n", stderr);
}

static void leave(void *begun)
{
    go_recv(begun, NULL);
    atexit(say);
    exit(3);
}

int main(void)
{
    go_chan *begun = go_chan_new(0, 0);
    go_spawn(fail, begun);
    go_spawn(leave, begun);
    go_sleep(1000 * GO_SECOND);
    return 0;
}
