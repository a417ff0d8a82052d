/* exit: 139; no line: fatal: stack overflow* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

/* The fault itself is what the test is about, not what a sanitizer says of it. */
__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
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
