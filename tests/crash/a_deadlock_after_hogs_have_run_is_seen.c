/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void hog(void *arg)
{
    (void)arg;
    for (int64_t end = go_now() + 200 * GO_MILLISECOND; go_now() < end;)
        for (volatile int i = 0; i < 100000; i++)
            ;
}

int main(void)
{
    for (int i = 0; i < 8; i++)
        go_spawn(hog, NULL);
    go_select(&(struct go_case){0}, 0);
    return 0;
}
