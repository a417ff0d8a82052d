/* exit: 0; last line: 10 times */
/* NOT EMULATED: the program starts itself again, which needs the emulator */
/* What is executed finds the signal that preempts neither masked nor deadly.
 * SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

enum { TIMES = 10, HOGS = 20 };

static atomic_int running;

static void hog(void *unused)
{
    (void)unused;
    atomic_fetch_add(&running, 1);
    for (;;)
        atomic_load(&running);
}

static char *program, count[12];

static void exec(void *unused)
{
    char *arguments[] = {program, count, NULL};

    (void)unused;
    while (atomic_load(&running) < HOGS)
        ;
    execv("/proc/self/exe", arguments);
    _exit(2);
}

int main(int argc, char **argv)
{
    int times = argc > 1 ? atoi(argv[1]) : 0;
    sigset_t masked;

    needs_preemption();
    pthread_sigmask(SIG_SETMASK, NULL, &masked);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigismember(&masked, number) == 1)
            return 3;
    if (times == TIMES) {
        fprintf(stderr, "%d times\n", times);
        return 0;
    }
    program = argv[0];
    snprintf(count, sizeof count, "%d", times + 1);
    go_slice(20 * GO_MICROSECOND);
    for (int i = 0; i < HOGS; i++)
        if (go(hog, NULL) != 0)
            return 4;
    if (go(exec, NULL) != 0)
        return 5;
    go_sleep(60 * GO_SECOND);
    return 6;
}
