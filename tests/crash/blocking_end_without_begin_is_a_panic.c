/* exit: 2; line: panic: go_blocking_end without go_blocking_begin* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_blocking_begin();
    go_blocking_end();
    go_blocking_end();
    return 0;
}
