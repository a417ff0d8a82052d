/* exit: 134; line: fatal: SIGSEGV in the library itself or what it calls*; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void send_nothing(void *chan)
{
    go_send(chan, (void *)8);
}

int main(void)
{
    return go_try(send_nothing, go_chan_new(1000, 1), NULL);
}
