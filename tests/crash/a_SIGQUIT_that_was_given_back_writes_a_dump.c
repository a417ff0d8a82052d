/* exit: 0; line: goroutine 1 "main"* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

/* Ends when there is one, however late. */
int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGQUIT, errors = dup(STDERR_FILENO), ends[2];
    char text[4096];
    ptrdiff_t n;

    if (go_signal_notify(c, &number, 1) != 0 || go_signal_stop(c) != 0)
        return 1;
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0 || kill(getpid(), SIGQUIT) != 0)
        return 2;
    n = go_read(ends[0], text, sizeof text);
    return n <= 0 || write(errors, text, (size_t)n) != n;
}
