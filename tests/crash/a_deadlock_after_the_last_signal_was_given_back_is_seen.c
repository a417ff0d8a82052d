/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; no line: *"signals"* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

int main(void)
{
    go_chan *one = go_chan_new(sizeof(int), 1), *two = go_chan_new(sizeof(int), 1);
    int number = SIGUSR1;

    if (go_signal_notify(one, &number, 1) != 0 || go_signal_notify(two, NULL, 0) != 0)
        return 1;
    kill(getpid(), SIGUSR1);
    if (go_recv(one, NULL) != 0 || go_signal_stop(one) != 0 || go_signal_stop(two) != 0)
        return 1;
    go_recv(one, NULL);
    return 0;
}
