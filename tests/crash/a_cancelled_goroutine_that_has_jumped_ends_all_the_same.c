/* exit: 0; line: handler; last line: back in main; no line: back from* */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include "goroutine.h"

static jmp_buf start;

static void say(void *what)
{
    fprintf(stderr, "%s\n", (const char *)what);
}

static void jump_and_wait(void *arg)
{
    (void)arg;
    pthread_cleanup_push(say, "handler");
    pthread_cancel(pthread_self());
    if (setjmp(start) == 0)
        longjmp(start, 1); /* with musl it takes off nothing */
    poll(NULL, 0, 0);
    pthread_cleanup_pop(0);
    say("back from poll");
}

int main(void)
{
    go_lock_thread();
    go_spawn(jump_and_wait, NULL);
    while (go_count() > 1)
        go_sleep(GO_MILLISECOND);
    say("back in main");
    return 0;
}
