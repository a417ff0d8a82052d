/* exit: 2; line: panic: the first [goroutine 2] */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static atomic_int locked;
static int report[2], standard_error;

/* With the lock of the loader, for which whoever loads an unwinder waits. */
static int fail_with_lock(struct dl_phdr_info *info, size_t size, void *arg)
{
    char line[200];

    (void)info;
    (void)size;
    atomic_store(&locked, 1);
    ssize_t n = read(report[0], line, sizeof line); /* now the report has begun */
    if (n > 0 && write(standard_error, line, (size_t)n) == n)
        go_panic("the second, of %p", arg);
    return 1;
}

static void hold_the_loader(void *arg)
{
    dl_iterate_phdr(fail_with_lock, arg);
}

static void fail(void *arg)
{
    (void)arg;
    while (atomic_load(&locked) == 0)
        go_yield();
    go_panic("the first");
}

int main(void)
{
    standard_error = dup(2);
    if (pipe(report) != 0 || dup2(report[1], 2) != 2)
        return 1;
    go_maxprocs(3);
    go_spawn(fail, NULL);
    go_spawn(hold_the_loader, NULL);
    go_sleep(60 * GO_SECOND);
    return 0;
}
