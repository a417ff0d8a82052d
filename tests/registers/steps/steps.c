/* Counts the instructions of a program's first thread by stepping through it, and prints how many. For a CPU that is this machine's
 * and that an emulator does not do. The other threads are stepped through too, so that none is far ahead.
 *
 * usage: steps COMMAND [ARGUMENT...]        ends as the command does
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t first;
static unsigned long steps;

static void start(char **command)
{
    first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(command[0], command);
        _exit(127);
    }
}

/* The signal that the thread is to get; 0: it has stopped for us. A trap of its own has another code. */
static int signal_of(pid_t thread, int status)
{
    siginfo_t why;
    int number = WSTOPSIG(status);
    if (status >> 16 != 0 || number == SIGSTOP) /* it has made a thread, or is one */
        return 0;
    if (number != SIGTRAP || ptrace(PTRACE_GETSIGINFO, thread, NULL, &why) != 0)
        return number;
    bool step = why.si_code == TRAP_TRACE || why.si_code == TRAP_BRKPT; /* that of a system call */
    steps += step && thread == first;
    return step ? 0 : number;
}

int main(int argc, char **argv)
{
    int status, end = 0;
    pid_t thread;

    if (argc > 1)
        start(argv + 1);
    if (first <= 0 || waitpid(first, &status, 0) != first || !WIFSTOPPED(status)) {
        fprintf(stderr, "usage: steps COMMAND [ARGUMENT...]\n");
        return 2;
    }
    ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)(long)(PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
    ptrace(PTRACE_SINGLESTEP, first, NULL, NULL);
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status))
            ptrace(PTRACE_SINGLESTEP, thread, NULL, (void *)(long)signal_of(thread, status));
        else if (thread == first)
            end = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    printf("%lu\n", steps);
    return end;
}
