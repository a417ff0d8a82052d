/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; line: *"one"*; line: *"two"* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void sleep_tied(void *arg)
{
    (void)arg;
    go_lock_thread();
    go_select(&(struct go_case){0}, 0);
}

int main(void)
{
    go_spawn_attr(&(struct go_attr){.name = "one"}, sleep_tied, NULL);
    go_spawn_attr(&(struct go_attr){.name = "two"}, sleep_tied, NULL);
    go_yield();
    go_select(&(struct go_case){0}, 0);
    return 0;
}
