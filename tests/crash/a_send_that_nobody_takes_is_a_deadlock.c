/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; no line: *back from* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 2);

    for (int i = 0; i < 3; i++)
        go_send(c, &i);
    fprintf(stderr, "back from a send without a receiver\n");
    return 0;
}
