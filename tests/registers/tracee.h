/* The threads of the traced program: which there are, which are held, and what happens in them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_TRACEE_H
#define TESTS_REGISTERS_TRACEE_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "snapshot.h"

enum { THREADS_MAX = 64, PATIENCE = 100 }; /* PATIENCE: tenths of a second without news */

enum event {
    EVENT_END,    /* the program has ended */
    EVENT_STEP,   /* one instruction is done */
    EVENT_TARGET, /* the instruction with the breakpoint is next */
    EVENT_MARK,   /* the goroutine under test is at its mark */
    EVENT_FILLER, /* another goroutine is at its */
    EVENT_TICK,   /* a tenth of a second without news */
};

/* In the traced program, behind the int3 of each. */
extern const char mark_trap[], filler_trap[];

static pid_t program;
static int program_status;
static struct traced {
    pid_t tid;
    bool held;
} threads[THREADS_MAX];
static int thread_count;
static pid_t stepping; /* the thread that is to do one instruction; 0: none */

static void give_up(const char *why)
{
    printf("not ok - %s\n", why);
    fflush(stdout);
    if (program)
        kill(program, SIGKILL);
    exit(1);
}

static struct traced *find_thread(pid_t tid)
{
    for (int i = 0; i < thread_count; i++)
        if (threads[i].tid == tid)
            return &threads[i];
    if (thread_count == THREADS_MAX)
        give_up("too many threads");
    threads[thread_count] = (struct traced){.tid = tid};
    return &threads[thread_count++];
}

static void resume(pid_t tid, int signal_number)
{
    find_thread(tid)->held = false;
    ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal_number);
}

static void hold(pid_t tid)
{
    find_thread(tid)->held = true;
}

static void resume_held(pid_t but)
{
    for (int i = 0; i < thread_count; i++)
        if (threads[i].held && threads[i].tid != but)
            resume(threads[i].tid, 0);
}

/* ---- breakpoints ---- */

static uintptr_t target;
static long target_word;

/* tid: some thread that is stopped. */
static void set_target(pid_t tid, uintptr_t pc)
{
    target = pc;
    errno = 0;
    target_word = ptrace(PTRACE_PEEKTEXT, tid, pc, NULL);
    ptrace(PTRACE_POKETEXT, tid, pc, (target_word & ~0xffL) | 0xcc);
    if (errno)
        give_up("no breakpoint can be set");
}

static void clear_target(pid_t tid)
{
    ptrace(PTRACE_POKETEXT, tid, target, target_word);
    target = 0;
}

/* ---- what happens ---- */

static void on_alarm(int number)
{
    (void)number;
}

static void start_alarm(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 100000}, {0, 100000}}, NULL);
}

static enum event what_trapped(pid_t tid)
{
    uintptr_t pc = (uintptr_t)PC(get_regs(tid));

    if (pc == (uintptr_t)mark_trap)
        return EVENT_MARK;
    if (pc == (uintptr_t)filler_trap)
        return EVENT_FILLER;
    if (target && pc == target + 1) {
        clear_target(tid);
        set_pc(tid, pc - 1);
        return EVENT_TARGET;
    }
    return EVENT_STEP;
}

/* A stop that is not one of ours: lets the thread go on. The library's own interrupts are kept away, so that the only preemptions
 * are those of the test. */
static void pass_on(pid_t tid, int status)
{
    int number = WSTOPSIG(status);
    bool quiet = status >> 16 || number == SIGURG || number == SIGSTOP;

    ptrace(tid == stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, tid, NULL, (void *)(long)(quiet ? 0 : number));
}

static enum event next_event(pid_t *tid)
{
    int status;

    for (;;) {
        *tid = waitpid(-1, &status, __WALL);
        if (*tid < 0)
            return errno == EINTR ? EVENT_TICK : EVENT_END;
        if (*tid == program && !WIFSTOPPED(status)) {
            program_status = status;
            return EVENT_END;
        }
        if (!WIFSTOPPED(status))
            continue;
        find_thread(*tid);
        if (status >> 8 == SIGTRAP)
            return what_trapped(*tid);
        pass_on(*tid, status);
    }
}

/* The next event of that thread; the others are held where they are. False: the program has ended. */
static bool wait_for(pid_t tid, enum event wanted)
{
    for (int ticks = 0; ticks < PATIENCE;) {
        pid_t who;
        enum event event = next_event(&who);
        if (event == EVENT_END)
            return false;
        if (event == EVENT_TICK)
            ticks++;
        else if (who == tid && event == wanted)
            return true;
        else
            hold(who);
    }
    return false;
}

#endif
