/* exit: 0; no line: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

static void loop(void *arg)
{
    (void)arg;
    for (;;)
        ;
}

/* The first thread comes to be the library's in the middle of that call. */
int main(void)
{
    int ends[2];

    needs_preemption();
    if (pipe(ends) != 0 || go_adopt(ends[0]) != 0)
        return 1;
    go_maxprocs(1);
    for (int i = 0; i < 3; i++)
        go_spawn(loop, NULL);
    go_sleep(10 * GO_MILLISECOND);
    return 0;
}
