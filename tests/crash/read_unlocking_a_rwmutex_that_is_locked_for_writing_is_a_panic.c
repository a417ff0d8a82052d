/* exit: 2; line: panic: go_rwmutex_runlock * */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_rwmutex rw = {0};

    go_rwmutex_lock(&rw);
    go_rwmutex_runlock(&rw);
    return 0;
}
