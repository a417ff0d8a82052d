/* exit: 0; line: back */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void *take(size_t size)
{
    if (size > 100000)
        go_panic("none left");
    return malloc(size);
}

static void ask_for_much(void *arg)
{
    (void)arg;
    go_chan_new(1000, 1000);
}

int main(void)
{
    go_set_allocator(take, free);
    go_try(ask_for_much, NULL, NULL);
    fprintf(stderr, "back\n");
    return 0;
}
