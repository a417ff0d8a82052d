/* What another thread of the process does, without disturbing it: by its CPU clock, and by what /proc says of it.
 *
 * /proc/self/task/N/syscall is made under the lock of the CPU's run queue, once the thread is off it: that is what orders memory
 * between it and us. It tells who sleeps in a call (its number) from who runs or would like to ("running") and who sleeps for
 * another reason, such as a page ("-1"). The number of times that it was given a CPU is in schedstat; a kernel built without that
 * has 0 there, and then the CPU time stands for it: who wakes up, runs and falls asleep again uses some.
 *
 * Where another program runs this one (an emulator), /proc tells what that one does: its calls, and its stacks. Then nobody is
 * known to sleep.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>

#include "os/linux/linux.h"

/* ---- reading what /proc says ---- */

static char *append(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *append_number(char *to, uintptr_t n)
{
    char digits[24];
    int count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

/* Into text, as a string. False: the thread is gone, or there is no /proc. */
static bool read_file(os_thread thread, const char *name, char *text, size_t size)
{
    char path[64];
    char *end = append(append(append_number(append(path, "/proc/self/task/"), thread.id), "/"), name);
    *end = '\0';
    long fd = os_open_briefly(path, 0);
    if (fd < 0)
        return false;
    long got = os_call(SYS_read, fd, text, size - 1);
    os_close_brief(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* The entry of the program, as /proc has it: it shows the file as it was when the program was started. Another CPU's may have words
 * of another size, or the bytes of its words the other way round: so nothing is taken for the end, and a key may not be found. */
static bool shows_this_program(os_thread thread)
{
    struct {
        unsigned long key, value;
    } words[64];
    char text[sizeof words + 1] = {0};
    if (!read_file(thread, "auxv", text, sizeof text))
        return true; /* it does not tell; the rest may */
    memcpy(words, text, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].key == AT_ENTRY)
            return words[i].value == getauxval(AT_ENTRY);
    return false;
}

bool os_proc_shows(os_thread thread)
{
    static _Atomic uint8_t told; /* 0: not known yet; 1: no; 2: yes */
    uint8_t known = atomic_load_explicit(&told, memory_order_relaxed);
    if (known == 0) {
        known = shows_this_program(thread) ? 2 : 1;
        atomic_store_explicit(&told, known, memory_order_relaxed);
    }
    return known == 2;
}

/* The number at the start of the word after `words` others; ULONG_MAX where there is none. */
static unsigned long number_at(const char *text, int words)
{
    for (; words > 0; words--) {
        while (*text && *text != ' ')
            text++;
        while (*text == ' ')
            text++;
    }
    char *end;
    int kept = *os_errno();
    unsigned long number = strtoul(text, &end, 0);
    *os_errno() = kept;
    return end == text ? (unsigned long)-1 : number;
}

static int count_words(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text != ' ' && *text != '\n' && (text[1] == ' ' || text[1] == '\n' || text[1] == '\0');
    return count;
}

/* ---- the questions ---- */

int64_t os_thread_time(os_thread thread)
{
    struct timespec t;
    clockid_t clock = (clockid_t)(~(unsigned)thread.id << 3 | 6); /* as clock_getcpuclockid makes them: one thread, time it ran */
    if (os_call(SYS_clock_gettime, clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t os_thread_runs(os_thread thread)
{
    char text[128];
    if (!read_file(thread, "schedstat", text, sizeof text))
        return os_thread_time(thread);
    unsigned long runs = number_at(text, 2);
    return runs == 0 || runs == (unsigned long)-1 ? os_thread_time(thread) : (int64_t)runs;
}

/* Where a long has 32 bits, the kernel has the call twice: with times of that size, and of 64. */
#ifndef SYS_futex_time64
#define SYS_futex_time64 SYS_futex
#endif

static bool waits_on_a_word(unsigned long call)
{
    return call == SYS_futex || call == SYS_futex_time64;
}

static bool is_one_of_ours(unsigned long call)
{
    return call == SYS_clock_gettime || call == SYS_rt_sigprocmask || call == SYS_sigaltstack || call == SYS_sched_yield ||
           call == (unsigned long)ARCH_POINTER_CALL;
}

/* "running", or a call's number, its six arguments, the stack pointer and the program counter; without the arguments where the
 * number is -1. */
bool os_thread_in_call(os_thread thread, struct os_sleep *sleep)
{
    char text[256];
    if (!os_proc_shows(thread) || !read_file(thread, "syscall", text, sizeof text) || count_words(text) != 9)
        return false;
    unsigned long call = number_at(text, 0);
    *sleep = (struct os_sleep){.sp = number_at(text, 7), .pc = number_at(text, 8), .on_a_word = waits_on_a_word(call)};
    return !is_one_of_ours(call);
}

/* Before the line are the program's name, in which a line's end is written otherwise, and the user's groups, which may be many. To
 * the base of sixteen it is a set of signals: what is beyond the 64th goes round to the first, as in os_mask_folded. */
uint64_t os_thread_status(os_thread thread, const char *line, int base)
{
    char text[8192];
    const char *at = read_file(thread, "status", text, sizeof text) ? strstr(text, line) : NULL;
    if (!at)
        return ~UINT64_C(0);
    uint64_t number = 0;
    for (at += strlen(line); *at && *at != '\n'; at++)
        number = (base == 16 ? number << 4 | number >> 60 : number * 10) + (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return number;
}

uint64_t os_thread_masked(os_thread thread)
{
    return os_thread_status(thread, "\nSigBlk:\t", 16);
}
