/* exit: 2; line: deferred; line: panic: no 7 left [goroutine 2]; no line: *back* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include "goroutine.h"

static void say(void *text)
{
    fprintf(stderr, "%s\n", (const char *)text);
}

static void fail(void *arg)
{
    GO_DEFER(say, "deferred");
    go_panic("no %d left", *(int *)arg);
}

int main(void)
{
    int number = 7;
    go_spawn(fail, &number);
    go_sleep(10 * GO_SECOND);
    fprintf(stderr, "back\n");
    return 0;
}
