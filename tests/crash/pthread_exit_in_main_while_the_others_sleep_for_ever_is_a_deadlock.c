/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 2*; line: *the end of all others* */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

static void sleep_for_ever(void *arg)
{
    (void)arg;
    go_select(&(struct go_case){0}, 0);
}

int main(void)
{
    go_spawn(sleep_for_ever, NULL);
    pthread_exit(NULL);
}
