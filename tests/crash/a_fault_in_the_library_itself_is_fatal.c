/* exit: 134; line: fatal: SIGSEGV in the library itself*[goroutine 1 main]; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void misuse(void *arg)
{
    (void)arg;
    go_mutex_lock((go_mutex *)8);
}

int main(void)
{
    go_yield();
    return go_try(misuse, NULL, NULL);
}
