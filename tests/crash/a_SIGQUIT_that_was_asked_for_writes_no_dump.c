/* exit: 0; no line: *goroutine* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGQUIT;

    if (go_signal_notify(c, &number, 1) != 0)
        return 1;
    kill(getpid(), SIGQUIT);
    if (go_recv(c, NULL) != 0)
        return 2;
    go_sleep(100 * GO_MILLISECOND);
    return 0;
}
