/* exit: 2; line: panic: go_blocking_begin* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    go_blocking_begin();
    go_recv(c, NULL);
    return 0;
}
