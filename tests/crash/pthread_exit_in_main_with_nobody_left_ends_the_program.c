/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include "goroutine.h"

int main(void)
{
    go_yield();
    pthread_exit((void *)1);
}
