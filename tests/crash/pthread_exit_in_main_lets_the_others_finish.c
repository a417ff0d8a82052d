/* exit: 0; line: deferred; line: handler; line: finished; line: at exit; no line: back* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void say(void *what)
{
    fprintf(stderr, "%s\n", (const char *)what);
}

static void say_at_exit(void)
{
    say("at exit");
}

static void finish_later(void *what)
{
    go_sleep(200 * GO_MILLISECOND);
    say(what);
}

int main(void)
{
    struct go_deferred deferred;

    atexit(say_at_exit);
    pthread_cleanup_push(say, "handler"); /* before the library knows of this thread */
    go_defer(&deferred, say, "deferred");
    go_spawn(finish_later, "finished");
    pthread_exit(NULL);
    pthread_cleanup_pop(0);
    say("back in main");
    return 1;
}
