/* exit: 0 */
/* NOT EMULATED: the program starts itself again, which needs the emulator */
/* Children that send themselves a signal beside a stop either get it or die of it: it is never lost.
 * SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "goroutine.h"
#include "sanitizers.h"

enum { TRIES = 10, CHILDREN = 200, LOST = 3 };

static go_waitgroup stopped;

static void stop(void *channel)
{
    go_signal_stop(channel);
    go_waitgroup_done(&stopped);
}

/* Ends with 0 if it got the signal each time. */
static int be_child(void)
{
    int number = SIGINT;

    go_maxprocs(2);
    for (int i = 0; i < TRIES; i++) {
        go_chan *c = go_chan_new(sizeof(int), 1);

        go_waitgroup_add(&stopped, 1);
        if (go_signal_notify(c, &number, 1) != 0 || go(stop, c) != 0)
            return 1;
        kill(getpid(), SIGINT);
        if (go_recv_until(c, NULL, go_deadline(10 * GO_SECOND)) != 0)
            return LOST;
        go_waitgroup_wait(&stopped); /* or the next one may be sent to this channel alone */
    }
    return 0;
}

int main(int argc, char **argv)
{
    char *arguments[] = {argv[0], "child", NULL};
    int got = 0, died = 0;

    if (WITH_TSAN) {
        fprintf(stderr, "ThreadSanitizer delivers signals late\n");
        return 77;
    }
    if (argc > 1)
        return be_child();
    for (int i = 0; i < CHILDREN; i++) {
        struct go_child_status status;
        go_child *child;

        if (go_child_spawn(&(struct go_child_attr){.file = "/proc/self/exe"}, arguments, &child) != 0)
            return 4;
        if (go_child_wait(child, &status) != 0 || go_child_free(child) != 0)
            return 5;
        got += status.code == 0;
        died += status.signal == SIGINT;
    }
    fprintf(stderr, "%d got it %d times, %d died of it\n", got, TRIES, died);
    return got + died != CHILDREN;
}
