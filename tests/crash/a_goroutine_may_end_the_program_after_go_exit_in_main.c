/* exit: 3; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include "goroutine.h"

static void end_program(void *arg)
{
    (void)arg;
    go_sleep(100 * GO_MILLISECOND);
    exit(3);
}

int main(void)
{
    go_spawn(end_program, NULL);
    go_exit();
}
