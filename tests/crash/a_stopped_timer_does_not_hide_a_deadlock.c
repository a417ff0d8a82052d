/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

int main(void)
{
    go_timer *t = go_timer_new(GO_SECOND / 5);
    go_ticker *k = go_ticker_new(GO_SECOND / 10);

    go_recv(go_ticker_chan(k), NULL);
    go_ticker_stop(k);
    go_timer_stop(t);
    go_recv(go_timer_chan(t), NULL);
    return 0;
}
