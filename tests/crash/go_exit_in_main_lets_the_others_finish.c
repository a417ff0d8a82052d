/* exit: 2; line: finished; line: fatal: no goroutines left* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include "goroutine.h"

static void finish_later(void *arg)
{
    (void)arg;
    go_sleep(200 * GO_MILLISECOND);
    fprintf(stderr, "finished\n");
}

int main(void)
{
    go_spawn(finish_later, NULL);
    go_exit();
}
