/* exit: 143 */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGTERM;

    if (go_signal_notify(c, &number, 1) != 0)
        return 1;
    kill(getpid(), SIGTERM);
    if (go_recv(c, NULL) != 0 || go_signal_stop(c) != 0)
        return 2;
    kill(getpid(), SIGTERM);
    go_sleep(10 * GO_SECOND);
    return 3;
}
