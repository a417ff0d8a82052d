/* exit: 2; line: panic: SIGSEGV: call of what is no code*; line:     a_fault_shows_its_callers+0x*; line:     {libc}+0x* */
/* SPDX-License-Identifier: MIT */
#include "code.h"
#include "goroutine.h"

int main(void)
{
    void (*volatile nothing)(void) = FUNCTION_AT(0);

    go_yield();
    nothing();
    return 0;
}
