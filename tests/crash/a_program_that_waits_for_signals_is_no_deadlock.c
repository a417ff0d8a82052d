/* exit: 0; no line: *deadlock* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/time.h>
#include "goroutine.h"

int main(void)
{
    struct itimerval soon = {.it_value.tv_usec = 200000};
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGALRM;

    if (go_signal_notify(c, &number, 1) != 0 || setitimer(ITIMER_REAL, &soon, NULL) != 0)
        return 1;
    number = 0;
    return go_recv(c, &number) != 0 || number != SIGALRM;
}
