/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

int main(void)
{
    go_lock_thread();
    go_select(&(struct go_case){0}, 0);
    return 0;
}
