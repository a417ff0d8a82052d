/* exit: 134; line: fatal: a goroutine has asked libc to end its thread*; no line: back* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <threads.h>
#include "goroutine.h"

static void end_thread(void *arg)
{
    (void)arg;
    thrd_exit(3);
}

int main(void)
{
    go_lock_thread(); /* the first one, which is libc's own: the other is none of that */
    go_spawn(end_thread, NULL);
    go_sleep(5 * GO_SECOND);
    fprintf(stderr, "back in main\n");
    return 0;
}
