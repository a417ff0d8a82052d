/* exit: 2; line: panic: *below zero*[goroutine 2 tidy] */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static go_waitgroup wg;

static void finish_twice(void *arg)
{
    (void)arg;
    go_waitgroup_done(&wg);
    go_waitgroup_done(&wg);
}

int main(void)
{
    go_waitgroup_add(&wg, 1);
    go_spawn_attr(&(struct go_attr){.name = "tidy"}, finish_twice, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
