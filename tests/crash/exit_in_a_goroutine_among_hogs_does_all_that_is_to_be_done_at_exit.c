/* exit: 5; line: at exit; last line: flushed */
/* The others go on computing, and print, while exit() does its work.
 * SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

enum { HOGS = 8 };

static atomic_int running;
static FILE *late;

static void hog(void *unused)
{
    (void)unused;
    atomic_fetch_add(&running, 1);
    for (;;)
        free(malloc((size_t)atomic_load(&running)));
}

static void say(void)
{
    fprintf(stderr, "at exit\n");
}

static void end(void *unused)
{
    (void)unused;
    while (atomic_load(&running) < HOGS)
        ;
    fprintf(late, "flushed\n");
    exit(5);
}

int main(void)
{
    static char buffer[BUFSIZ];

    needs_preemption();
    late = fdopen(dup(2), "w");
    setvbuf(late, buffer, _IOFBF, sizeof buffer);
    atexit(say);
    go_slice(20 * GO_MICROSECOND);
    for (int i = 0; i < HOGS; i++)
        if (go(hog, NULL) != 0)
            return 3;
    if (go(end, NULL) != 0)
        return 4;
    go_sleep(60 * GO_SECOND);
    return 6;
}
