/* exit: 0; line: panic: a call of the library in the child of a fork, *; no line: *returned*; last line: 12 of 12 */
/* Whatever the call, and whether a goroutine forked or a plain thread.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "goroutine.h"

enum { CALLS = 6 };

static go_chan *empty;
static atomic_int refused;

static void nothing(void *unused)
{
    (void)unused;
}

static void call(int which)
{
    int n = 0;

    switch (which) {
    case 0:
        go(nothing, NULL);
        break;
    case 1:
        go_yield();
        break;
    case 2:
        go_recv(empty, &n);
        break;
    case 3:
        go_sleep(GO_MILLISECOND);
        break;
    case 4:
        go_id();
        break;
    default:
        go_exit();
    }
    fprintf(stderr, "call %d has returned\n", which);
}

static void fork_and_call(void *unused)
{
    (void)unused;
    for (int i = 0; i < CALLS; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            alarm(30);
            call(i);
            _exit(0);
        }
        while (waitpid(child, &status, 0) < 0)
            continue;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
            atomic_fetch_add(&refused, 1);
        else
            fprintf(stderr, "call %d: status %#x\n", i, (unsigned)status);
    }
}

static void *thread(void *unused)
{
    fork_and_call(unused);
    return NULL;
}

static void in_a_goroutine(void *done)
{
    fork_and_call(NULL);
    go_send(done, &(int){0});
}

int main(void)
{
    go_chan *done = go_chan_new(sizeof(int), 0);
    pthread_t plain;
    int n;

    empty = go_chan_new(sizeof(int), 0);
    go_slice(20 * GO_MICROSECOND);
    if (!done || !empty || go(in_a_goroutine, done) != 0)
        return 3;
    go_recv(done, &n);
    if (pthread_create(&plain, NULL, thread, NULL) != 0 || pthread_join(plain, NULL) != 0)
        return 4;
    fprintf(stderr, "%d of %d\n", atomic_load(&refused), 2 * CALLS);
    return 0;
}
