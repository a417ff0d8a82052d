/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 2*; no line: goroutine 1 * */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void sleep_for_ever(void *arg)
{
    (void)arg;
    go_select(&(struct go_case){0}, 0);
}

int main(void)
{
    go_spawn(sleep_for_ever, NULL);
    go_exit();
}
