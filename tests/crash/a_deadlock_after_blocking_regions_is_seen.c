/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static void block(void *arg)
{
    (void)arg;
    go_blocking_begin();
    usleep(100000);
    go_blocking_end();
}

int main(void)
{
    for (int i = 0; i < 20; i++)
        go_spawn(block, NULL);
    go_select(&(struct go_case){0}, 0);
    return 0;
}
