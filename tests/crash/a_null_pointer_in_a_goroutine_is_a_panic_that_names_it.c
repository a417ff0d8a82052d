/* exit: 2; line: panic: SIGSEGV: no memory there (code 1), address 0x0, pc 0x*[goroutine 2 careless] */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

/* The fault itself is what the test is about, not what a sanitizer says of it. */
__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

int main(void)
{
    go_spawn_attr(&(struct go_attr){.name = "careless"}, fault, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
