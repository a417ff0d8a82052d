/* exit: 0; no line: *goroutine* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>
#include "goroutine.h"

static volatile sig_atomic_t seen;

static void note(int sig)
{
    seen = sig;
}

int main(void)
{
    signal(SIGQUIT, note);
    go_sleep(GO_MILLISECOND);
    kill(getpid(), SIGQUIT);
    for (int i = 0; i < 1000 && !seen; i++)
        go_sleep(GO_MILLISECOND);
    go_sleep(100 * GO_MILLISECOND);
    return seen != SIGQUIT;
}
