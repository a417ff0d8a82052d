/* exit: 0; no line: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stddef.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

static void loop(void *arg)
{
    (void)arg;
    for (;;)
        ;
}

int main(void)
{
    needs_preemption();
    go_maxprocs(1);
    for (int i = 0; i < 3; i++)
        go_spawn(loop, NULL);
    for (int i = 0; i < 5; i++)
        go_yield();
    go_sleep(10 * GO_MILLISECOND);
    return 0; /* and the end of main() ends the program */
}
