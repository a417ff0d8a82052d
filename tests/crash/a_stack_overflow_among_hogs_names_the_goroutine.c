/* exit: 134; line: fatal: stack overflow: goroutine * deep * */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

static volatile bool stop;
static volatile unsigned long sum;

static void hog(void *arg)
{
    (void)arg;
    while (!stop)
        ;
}

/* Slow enough to be interrupted at every depth, the last one included. */
__attribute__((noinline)) static unsigned long recurse(unsigned long n)
{
    for (int i = 0; i < 20000; i++)
        sum = sum + n;
    return n > 10000000 ? 0 : recurse(n + 1) + sum;
}

static void overflow(void *arg)
{
    (void)arg;
    recurse(0);
}

int main(void)
{
    needs_preemption();
    go_maxprocs(1);
    go_slice(20 * GO_MICROSECOND);
    go_spawn(hog, NULL);
    go_spawn_attr(&(struct go_attr){.name = "deep", .stack_size = 32 << 10}, overflow, NULL);
    go_sleep(100 * GO_SECOND);
    return 0;
}
