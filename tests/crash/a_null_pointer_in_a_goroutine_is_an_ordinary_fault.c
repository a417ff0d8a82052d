/* exit: 139; no line: fatal: stack overflow* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

int main(void)
{
    go_spawn(fault, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
