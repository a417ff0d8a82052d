/* exit: 2; line: panic: after main [goroutine 2]; no line: *back* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

static void let_main_return(void *done)
{
    go_chan_close(done);
    go_sleep(100 * GO_MILLISECOND);
}

static void fail(void *done)
{
    GO_DEFER(let_main_return, done);
    go_panic("after main");
}

int main(void)
{
    go_chan *done = go_chan_new(0, 0);
    go_spawn(fail, done);
    go_recv(done, NULL);
    return 0;
}
