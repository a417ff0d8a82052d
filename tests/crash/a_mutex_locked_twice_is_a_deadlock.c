/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*mutex* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_mutex m = {0};

    go_mutex_lock(&m);
    go_mutex_lock(&m);
    return 0;
}
