/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; no line: *back from* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

int main(void)
{
    struct go_case none = {0};

    go_select(&none, 0);
    fprintf(stderr, "back from a select without cases\n");
    return 0;
}
