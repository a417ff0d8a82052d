/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*cond* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_mutex m = {0};
    go_cond c = {0};

    go_mutex_lock(&m);
    go_cond_signal(&c);
    go_cond_wait(&c, &m);
    return 0;
}
