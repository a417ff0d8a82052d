/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; line: *goroutine 2* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

static void lock(void *rw)
{
    go_rwmutex_lock(rw);
}

int main(void)
{
    static go_rwmutex rw;

    go_rwmutex_rlock(&rw);
    go_spawn(lock, &rw);
    for (int i = 0; i < 1000; i++)
        go_sleep(GO_MILLISECOND / 10); /* the writer waits by now */
    go_rwmutex_rlock(&rw);
    return 0;
}
