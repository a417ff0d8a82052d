/* exit: 139; no line: panic*; no line: fatal* */
/* NOT EMULATED: an emulator may end in another way itself */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

static int *volatile nowhere;

__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

/* A go_try does not help. */
static void *try(void *arg)
{
    go_try(fault, arg, NULL);
    return arg;
}

int main(void)
{
    pthread_t thread;

    go_yield();
    if (pthread_create(&thread, NULL, try, NULL) == 0)
        pthread_join(thread, NULL);
    return 0;
}
