/* exit: 134; line: fatal: a goroutine has asked libc to end its thread*; no line: back* */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include "goroutine.h"

static jmp_buf start;

static void jump_and_wait(void *arg)
{
    (void)arg;
    pthread_cancel(pthread_self());
    if (setjmp(start) == 0)
        longjmp(start, 1); /* takes off all handlers that lie below */
    poll(NULL, 0, 0);
    fprintf(stderr, "back from poll\n");
}

int main(void)
{
    go_lock_thread();
    go_spawn(jump_and_wait, NULL);
    go_sleep(5 * GO_SECOND);
    fprintf(stderr, "back in main\n");
    return 0;
}
