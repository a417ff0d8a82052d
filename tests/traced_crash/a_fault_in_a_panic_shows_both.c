/* exit: 2; line: panic: SIGSEGV: *; line: panic: SIGILL: *; line:     fault_again+0x* a_fault_in_a_panic_*.c:*;
 * line:     fault_first*+0x* a_fault_in_a_panic_*.c:*; line:     main+0x* a_fault_in_a_panic_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

/* What is deferred runs in the call that the first fault became: the way out leads through it. */
static void fault_again(void *arg)
{
    (void)arg;
    __asm__ volatile("nop"); /* not the first instruction, which is shown without an offset */
#if defined(__x86_64__) || defined(__i386__) || defined(__arm__)
    __builtin_trap();
#else
    __asm__ volatile(".long 0");
#endif
}

__attribute__((noinline, no_sanitize("undefined"))) static void fault_first(void)
{
    *nowhere = 1;
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    GO_DEFER(fault_again, NULL);
    go_yield();
    fault_first();
    __asm__ volatile("" ::: "memory");
    return 0;
}
