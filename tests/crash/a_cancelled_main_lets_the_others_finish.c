/* exit: 0; line: cancelled; line: handler; line: finished; no line: back* */
/* SPDX-License-Identifier: MIT */
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
    say(what);
}

int main(void)
{
    go_spawn(finish_later, "finished");
    pthread_cleanup_push(say, "handler");
    pthread_cancel(pthread_self());
    say("cancelled");
    pthread_testcancel();
    pthread_cleanup_pop(0);
    say("back in main");
    return 1;
}
