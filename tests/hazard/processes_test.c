/* Children by every way that libc has, from goroutines that are preempted, beside others that allocate and compute. fork waits for
 * the locks of malloc and stdio, and copies what the others were in the middle of; vfork stops the thread until the child is
 * another program.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hazard.h"

enum { CHILDREN = 6, WORK = 200000 };

/* What a child is to end with. */
static int code_of(int index, int i)
{
    return 1 + (index * 31 + i) % 100;
}

static bool ended_with(pid_t child, int code)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

struct way {
    bool (*bear)(int code);
    atomic_int wrong;
};

static void bear_children(void *arg, int index)
{
    struct way *w = arg;

    for (int i = 0; i < SCALED(CHILDREN); i++)
        if (!w->bear(code_of(index, i)))
            atomic_fetch_add(&w->wrong, 1);
}

static void allocate(const atomic_bool *stop, atomic_ulong *turns)
{
    static _Atomic(char *) last;

    while (!atomic_load(stop)) {
        free(atomic_exchange(&last, malloc(100 + atomic_load(turns) % 1000)));
        atomic_fetch_add(turns, 1);
        if (!test_can_preempt())
            go_yield();
    }
    free(atomic_exchange(&last, NULL));
}

/* Among others who hold the locks of malloc all the time. */
static void check_way(bool (*bear)(int code))
{
    struct way w = {bear, 0};
    struct hogs *h;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(3, allocate);
    crew_run(4, bear_children, &w);
    hogs_stop(h);
    CHECK_EQ(0, atomic_load(&w.wrong));
}

/* ---- fork ---- */

static bool fork_and_compute(int code)
{
    volatile long long sum = 0;
    pid_t child = fork();

    if (child == 0) {
        for (int i = 1; i <= WORK; i++)
            sum += i;
        _exit(sum == (long long)WORK * (WORK + 1) / 2 ? code : 0);
    }
    return child > 0 && ended_with(child, code);
}

TEST(the_child_of_a_fork_computes_for_many_slices)
{
    check_way(fork_and_compute);
}

/* libc promises as much: its own locks are free in the child. */
static bool fork_and_allocate(int code)
{
    pid_t child = fork();

    if (child == 0) {
        char *text = NULL;
        for (int i = 0; i < 100; i++) {
            free(text);
            if (asprintf(&text, "%d %0*d", code, i, 0) < 0)
                _exit(0);
        }
        _exit(atoi(text));
    }
    return child > 0 && ended_with(child, code);
}

TEST(the_child_of_a_fork_may_allocate_whoever_was_inside_malloc)
{
    if (WITH_ASAN)
        SKIP("AddressSanitizer's malloc does not free its locks in the child of a fork");
    check_way(fork_and_allocate);
}

#define EXIT_WITH(code, name)                                                                                                      \
    char name[16];                                                                                                                 \
    snprintf(name, sizeof name, "exit %d", code)

static bool fork_and_execute(int code)
{
    EXIT_WITH(code, command);
    pid_t child = fork();

    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(0);
    }
    return child > 0 && ended_with(child, code);
}

TEST(the_child_of_a_fork_may_execute_a_program)
{
    check_way(fork_and_execute);
}

/* ---- vfork, spawn, system, popen ---- */

static bool vfork_and_execute(int code)
{
    EXIT_WITH(code, command);
    pid_t child = vfork();

    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(0);
    }
    return child > 0 && ended_with(child, code);
}

TEST(the_child_of_a_vfork_executes_a_program)
{
    check_way(vfork_and_execute);
}

static bool spawn(int code)
{
    EXIT_WITH(code, command);
    char *arguments[] = {"sh", "-c", command, NULL};
    pid_t child = -1;

    return posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0 && ended_with(child, code);
}

TEST(posix_spawn_starts_a_program)
{
    check_way(spawn);
}

static bool call_system(int code)
{
    EXIT_WITH(code, command);
    int status = system(command);

    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

TEST(system_runs_a_command)
{
    check_way(call_system);
}

static bool read_from_a_command(int code)
{
    char command[40], line[20] = "";
    FILE *from;

    snprintf(command, sizeof command, "echo %d; exit %d", code, code);
    from = popen(command, "r");
    if (!from || !fgets(line, sizeof line, from) || atoi(line) != code)
        return false;
    int status = pclose(from);
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

TEST(popen_reads_what_a_command_writes)
{
    check_way(read_from_a_command);
}

/* ---- a thread that stands still in vfork ---- */

struct standing {
    int begun[2], end[2];
};

static void stand_still(void *arg, int index)
{
    struct standing *s = arg;
    pid_t child;
    char byte;

    (void)index;
    child = vfork();
    if (child == 0) {
        close(s->end[1]); /* so that it ends with us, whatever happens */
        if (write(s->begun[1], "x", 1) != 1 || read(s->end[0], &byte, 1) != 1)
            _exit(1);
        _exit(7);
    }
    CHECK(child > 0 && ended_with(child, 7));
}

TEST(who_stands_still_in_vfork_stalls_nobody)
{
    struct standing s;
    struct hogs *h;
    struct crew *c;
    char byte;

    NEEDS_TAKING();
    CHECK(pipe(s.begun) == 0 && pipe(s.end) == 0);
    go_maxprocs(1);
    c = crew_start(1, stand_still, &s);
    CHECK_EQ(1, go_read(s.begun[0], &byte, 1)); /* the processor is with the child's parent */
    h = hogs_start(1, hog_counting);
    for (int i = 0; i < 20; i++)
        hogs_wait_for_turn(h, 0);
    CHECK_EQ(1, write(s.end[1], "x", 1));
    crew_wait(c);
    hogs_stop(h);
    for (int i = 0; i < 2; i++) {
        close(s.begun[i]);
        close(s.end[i]);
    }
}
