/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*wait*group*; line: *goroutine 2* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void wait_too(void *wg)
{
    go_waitgroup_wait(wg);
}

int main(void)
{
    go_waitgroup wg = {0};

    go_waitgroup_add(&wg, 1);
    go_spawn(wait_too, &wg);
    go_waitgroup_wait(&wg);
    return 0;
}
