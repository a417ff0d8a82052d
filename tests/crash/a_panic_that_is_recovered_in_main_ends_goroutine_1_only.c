/* exit: 0; line: the other; no line: panic*; no line: back */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void recover(void *arg)
{
    (void)arg;
    go_recover(NULL);
}

static void other(void *arg)
{
    (void)arg;
    go_sleep(50 * GO_MILLISECOND);
    fprintf(stderr, "the other\n");
    exit(0);
}

int main(void)
{
    go_spawn(other, NULL);
    GO_DEFER(recover, NULL);
    go_panic("in main");
}
