/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; no line: *back from* */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "goroutine.h"

int main(void)
{
    int value = 0;
    struct go_case cases[] = {{.elem = &value, .op = GO_RECV}, {.elem = &value, .op = GO_SEND}};

    go_select(cases, 2);
    fprintf(stderr, "back from a select that can never be ready\n");
    return 0;
}
