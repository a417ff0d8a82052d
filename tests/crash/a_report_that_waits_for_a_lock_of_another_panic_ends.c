/* exit: 2; line: panic: the first [goroutine 2] */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include "goroutine.h"

static atomic_int locked;
static int report[2], begun[2];

/* With the lock of the loader, for which whoever loads an unwinder waits. */
static int fail_with_lock(struct dl_phdr_info *info, size_t size, void *arg)
{
    char byte;

    (void)info;
    (void)size;
    atomic_store(&locked, 1);
    if (read(begun[0], &byte, 1) == 1) /* now the report has begun */
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

static int panic_twice(void)
{
    dup2(report[1], 2);
    close(report[1]);
    go_maxprocs(3);
    go_spawn(fail, NULL);
    go_spawn(hold_the_loader, NULL);
    go_sleep(60 * GO_SECOND);
    return 0;
}

/* Passes the report on, and the child's end. */
int main(void)
{
    char bytes[4096];
    int status;

    if (pipe(report) != 0 || pipe(begun) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0)
        return panic_twice();
    close(report[1]);
    for (ssize_t n; (n = read(report[0], bytes, sizeof bytes)) > 0;)
        if (write(2, bytes, (size_t)n) != n || write(begun[1], "", 1) != 1)
            return 1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
