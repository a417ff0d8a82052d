/* exit: 2; line: panic: SIGSEGV: no memory there*[goroutine 2 tiny]; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

int main(void)
{
    go_spawn_attr(&(struct go_attr){.name = "tiny", .stack_size = 1}, fault, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
