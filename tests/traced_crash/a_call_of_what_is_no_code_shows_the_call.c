/* exit: 2; line: panic: SIGSEGV: call of what is no code *; line:     call_nothing+0x* a_call_of_what_*.c:13;
 * line:     main+0x* a_call_of_what_*.c:*; no line:     *sigpanic*; no line:     *arch_preempt* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void (*volatile nothing)(void);
static volatile int after;

/* The call, not the line after it, where it would have returned to. */
__attribute__((noinline, no_sanitize("undefined"))) static void call_nothing(void)
{
    nothing();
    after = 1;
}

int main(void)
{
    go_yield();
    call_nothing();
    __asm__ volatile("" ::: "memory");
    return 0;
}
