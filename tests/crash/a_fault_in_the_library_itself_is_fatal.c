/* exit: 134; line: fatal: SIGSEGV in the library itself*[goroutine 1 main]; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include "goroutine.h"
#include "sanitizers.h"

static void misuse(void *arg)
{
    (void)arg;
    go_mutex_lock((go_mutex *)8);
}

int main(void)
{
    if (WITH_TSAN) {
        fprintf(stderr, "ThreadSanitizer has the library's accesses made by its own functions\n");
        return 77;
    }
    go_yield();
    return go_try(misuse, NULL, NULL);
}
