/* exit: 2; line: panic: first [goroutine 1 main]; line: panic: SIGSEGV*[goroutine 1 main] */
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
    GO_DEFER(fault, NULL);
    go_panic("first");
}
