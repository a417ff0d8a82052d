/* exit: 134; line: fatal: SIGSEGV where no stack is left to panic on: *[goroutine 2 low]; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <alloca.h>
#include <stddef.h>
#include <stdio.h>
#include "goroutine.h"
#include "sanitizers.h"

static int *volatile nowhere;
static volatile size_t eaten;

/* Each deeper than the one before by less than what a panic needs, until it is too deep. */
__attribute__((noinline, no_sanitize("undefined", "address"))) static void fault(void *arg)
{
    volatile char *eat = alloca(eaten);

    (void)arg;
    eat[0] = 1;
    *nowhere = 1;
}

static void descend(void *arg)
{
    for (eaten = 0;; eaten += 256)
        go_try(fault, arg, NULL);
}

int main(void)
{
    if (WITH_ASAN || WITH_TSAN) {
        fprintf(stderr, "a panic takes more stack with sanitizers: it overflows first\n");
        return 77;
    }
    go_spawn_attr(&(struct go_attr){.name = "low", .stack_size = 16384}, descend, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
