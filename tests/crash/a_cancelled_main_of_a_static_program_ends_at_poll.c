/* exit: 0; line: handler; line: finished; no line: back* */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include "goroutine.h"

static void say(void *what)
{
    fprintf(stderr, "%s\n", (const char *)what);
}

static void finish_later(void *what)
{
    go_sleep(200 * GO_MILLISECOND);
    poll(NULL, 0, 0);
    say(what);
}

int main(void)
{
    go_spawn(finish_later, "finished");
    pthread_cleanup_push(say, "handler");
    pthread_cancel(pthread_self());
    poll(NULL, 0, 0);
    pthread_cleanup_pop(0);
    say("back in main");
    return 1;
}
