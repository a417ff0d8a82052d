/* exit: 7; no line: * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

static volatile int stop;

static void hog(void *arg)
{
    (void)arg;
    while (!stop)
        ;
}

static void wait_for_ever(void *arg)
{
    (void)arg;
    go_select(&(struct go_case){0}, 0);
}

static void block(void *arg)
{
    (void)arg;
    go_blocking_begin();
    sleep(1000);
    go_blocking_end();
}

int main(void)
{
    needs_preemption();
    for (int i = 0; i < 100; i++) {
        go_spawn(hog, NULL);
        go_spawn(wait_for_ever, NULL);
        if (i < 5)
            go_spawn(block, NULL);
    }
    go_sleep(20 * GO_MILLISECOND);
    return 7;
}
