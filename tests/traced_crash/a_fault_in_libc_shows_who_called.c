/* exit: 2; line: panic: SIGSEGV: *; line:     call_it*+0x* a_fault_in_libc_*.c:*; line:     main+0x* a_fault_in_libc_*.c:* */
/* SPDX-License-Identifier: MIT */
#include <search.h>
#include <stddef.h>
#include "goroutine.h"

/* insque() keeps no frame pointer, so that its caller is found by unwind information alone. */
__attribute__((noinline)) static void call_it(void *volatile nowhere)
{
    void *element[2];

    insque(element, nowhere);
    __asm__ volatile("" ::"m"(element) : "memory");
}

int main(void)
{
    go_yield();
    call_it((void *)8);
    __asm__ volatile("" ::: "memory");
    return 0;
}
