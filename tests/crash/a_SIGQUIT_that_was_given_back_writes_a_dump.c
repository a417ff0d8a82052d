/* exit: 0; line: goroutine 1 "main"* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGQUIT;

    if (go_signal_notify(c, &number, 1) != 0 || go_signal_stop(c) != 0)
        return 1;
    kill(getpid(), SIGQUIT);
    go_sleep(500 * GO_MILLISECOND);
    return 0;
}
