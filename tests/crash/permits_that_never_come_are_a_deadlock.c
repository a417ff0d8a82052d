/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*sem* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_sem s = {0};

    go_sem_release(&s, 2);
    go_sem_acquire(&s, 3);
    return 0;
}
