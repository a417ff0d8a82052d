/* exit: 134; line: fatal: a goroutine has asked libc to end its thread*; no line: back* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <threads.h>
#include "goroutine.h"

static void say_later(void *what)
{
    go_sleep(5 * GO_SECOND);
    fprintf(stderr, "%s\n", (const char *)what);
}

int main(void)
{
    go_spawn(say_later, "back in a goroutine");
    thrd_exit(3);
}
