/* exit: 2; line: panic: SIGSEGV* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

int main(void)
{
    go_maxprocs(4);
    for (int i = 0; i < 100; i++)
        go_spawn(fault, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
