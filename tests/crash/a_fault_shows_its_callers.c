/* exit: 2; line: panic: SIGSEGV: call of what is no code*; line:     a_fault_shows_its_callers+0x*; line:     {libc}+0x* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void (*volatile nothing)(void);

int main(void)
{
    go_yield();
    nothing();
    return 0;
}
