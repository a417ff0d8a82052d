/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; no line: *back from* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);

    go_recv(c, NULL);
    fprintf(stderr, "back from a receive without a sender\n");
    return 0;
}
