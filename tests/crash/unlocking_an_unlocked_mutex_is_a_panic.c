/* exit: 2; line: panic: go_mutex_unlock *not locked*[goroutine 1 main] */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_mutex m = {0};

    go_mutex_lock(&m);
    go_mutex_unlock(&m);
    go_mutex_unlock(&m);
    return 0;
}
