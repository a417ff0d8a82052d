/* exit: 2; line: panic: go_waitgroup_add*below zero* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_waitgroup wg = {0};

    go_waitgroup_add(&wg, 2);
    go_waitgroup_add(&wg, -3);
    return 0;
}
