/* The threads of this process as the kernel has them: which, and how many.
 *
 * Where another program emulates the system, the kernel knows that one's threads too, which run none of the program's code. They
 * were there before the program, and mask signals as a thread of the program's seldom does, once they have run.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

/* ---- which ---- */

/* As the kernel writes a folder's entries. */
struct entry {
    uint64_t inode, next;
    uint16_t size;
    uint8_t kind;
    char name[];
};

static void go_through(long folder, void (*each)(void *arg, long thread), void *arg)
{
    char buffer[2048] __attribute__((aligned(8)));
    for (;;) {
        long got = os_call(SYS_getdents64, folder, buffer, sizeof buffer);
        if (got <= 0)
            return;
        for (const struct entry *e = (void *)buffer; (const char *)e < buffer + got; e = (void *)((const char *)e + e->size))
            if (e->name[0] != '.')
                each(arg, atol(e->name));
    }
}

bool os_tasks(void (*each)(void *arg, long thread), void *arg)
{
    long folder = os_open_briefly("/proc/self/task", O_DIRECTORY);
    if (folder < 0)
        return false;
    go_through(folder, each, arg);
    os_close_brief(folder);
    return true;
}

/* ---- and whose ---- */

enum { EARLY_MOST = 8 };
static long early[EARLY_MOST]; /* who was there at the beginning, beside the first; 0: nobody. Where an emulator may be */

static void note_early(void *count, long thread)
{
    int *n = count;
    if (thread != os_call(SYS_gettid) && *n < EARLY_MOST)
        early[(*n)++] = thread;
}

/* In the child of a fork nobody is there but the first, and the emulator's. */
static void look_around(void)
{
    int n = 0;
    memset(early, 0, sizeof early);
    if (!os_proc_shows((os_thread){.id = (uintptr_t)os_call(SYS_gettid)}))
        os_tasks(note_early, &n);
}

/* Before there is another user, to whom /proc may tell nothing. */
__attribute__((constructor)) static void begin(void)
{
    look_around();
    pthread_atfork(NULL, NULL, look_around);
}

/* The number is the host's of SIGKILL and of SIGSTOP, which nobody masks. Before a thread has run, libc has masked all others. */
#define NEVER_MASKED (UINT64_C(1) << (9 - 1) | UINT64_C(1) << (19 - 1))

static bool is_to_run_yet(os_thread thread)
{
    uint64_t masked = os_thread_masked(thread);
    return masked != ~UINT64_C(0) && (masked | NEVER_MASKED) == ~UINT64_C(0); /* the first: it is gone */
}

/* All signals but those that only a fault sends. The program's threads mask these too while a signal is on its way to them: that
 * can take long. The numbers are those of that system, which need not be ours: as nearly all have them, the faults, what ends or
 * stops at once, and libc's own. */
static bool masks_as_emulators_do(os_thread thread)
{
    static const uint64_t faults = UINT64_C(1) << (4 - 1) | UINT64_C(1) << (8 - 1);
    static const int others[] = {4, 5, 7, 8, 11, 9, 19, 32, 33, 34};
    uint64_t masked = os_thread_masked(thread);
    if ((masked & faults) != 0)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        masked |= UINT64_C(1) << (others[i] - 1);
    return masked == ~UINT64_C(0);
}

static bool is_an_emulators(long thread)
{
    return thread != 0 && masks_as_emulators_do((os_thread){.id = (uintptr_t)thread});
}

bool os_task_is_an_emulators(long thread)
{
    for (int i = 0; i < EARLY_MOST; i++)
        if (early[i] == thread)
            return is_an_emulators(thread);
    return false;
}

/* ---- how many ---- */

bool os_threads_begin(void)
{
    bool some = false;
    for (int i = 0; i < EARLY_MOST; i++)
        some |= early[i] != 0 && is_to_run_yet((os_thread){.id = (uintptr_t)early[i]});
    return some;
}

/* /proc/self/stat: "pid (name) state ppid ...": the name may hold anything, parentheses too; num_threads is the 18th word after it.
 */
static int count_by_stat(void)
{
    char text[512];
    long fd = os_open_briefly("/proc/self/stat", 0);
    if (fd < 0)
        return -1;
    long got = os_call(SYS_read, fd, text, sizeof text - 1);
    os_close_brief(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    char *at = strrchr(text, ')');
    for (int word = 0; at != NULL && word < 18; word++)
        at = strchr(at + 1, ' ');
    return at != NULL ? atoi(at + 1) : -1;
}

/* An emulator writes a file "stat" of its own, without that number. */
static int count_by_status(void)
{
    uint64_t count = os_thread_status(os_thread_self(), "\nThreads:\t", 10);
    if (count == ~UINT64_C(0))
        return -1;
    for (int i = 0; i < EARLY_MOST; i++)
        count -= is_an_emulators(early[i]);
    return (int)count;
}

int os_thread_count(void)
{
    return os_proc_shows(os_thread_self()) ? count_by_stat() : count_by_status();
}
