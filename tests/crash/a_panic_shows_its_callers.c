/* exit: 2; line: panic: here [goroutine 1 main]; line:     a_panic_shows_its_callers+0x*; line:     {libc}+0x*;
 * no line: *go_panic* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_panic("here");
}
