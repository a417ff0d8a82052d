/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

static void again(void *once)
{
    go_once_do(once, again, once);
}

int main(void)
{
    go_once once = {0};

    go_once_do(&once, again, &once);
    return 0;
}
