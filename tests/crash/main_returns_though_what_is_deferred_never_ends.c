/* exit: 0; no line: panic:* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

static void let_main_return(void *done)
{
    go_chan_close(done);
    go_sleep(1000 * GO_SECOND);
}

static void fail(void *done)
{
    GO_DEFER(let_main_return, done);
    go_panic("never told");
}

int main(void)
{
    go_chan *done = go_chan_new(0, 0);
    go_spawn(fail, done);
    go_recv(done, NULL);
    return 0;
}
