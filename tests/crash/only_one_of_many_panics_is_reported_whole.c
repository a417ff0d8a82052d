/* exit: 2; line: 1 reported */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "goroutine.h"

static int *volatile nowhere;

__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

static void panic_often(void)
{
    go_maxprocs(4);
    for (int i = 0; i < 100; i++)
        go_spawn(fault, NULL);
    go_sleep(10 * GO_SECOND);
}

static int count_panics(FILE *report)
{
    char line[1000];
    int n = 0;

    while (fgets(line, sizeof line, report) != NULL)
        n += strstr(line, "panic: ") != NULL;
    return n;
}

int main(void)
{
    int report[2], status;

    if (pipe(report) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(report[1], 2);
        panic_often();
        return 0;
    }
    close(report[1]);
    fprintf(stderr, "%d reported\n", count_panics(fdopen(report[0], "r")));
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
