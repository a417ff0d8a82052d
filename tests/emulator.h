/* Whether the test runs under an emulator of its CPU, which is not all that a kernel is: /proc tells of the emulator, vfork shares
 * no memory, some signals are its own. Tests of what it lacks say so, and are left out.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_EMULATOR_H
#define TESTS_EMULATOR_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The entry of the program that the kernel started is not this one's, or is not found since its words are of another CPU's kind.
 * (An emulator answers for /proc/self itself.) */
static inline bool emulated(void)
{
    struct {
        unsigned long key, value;
    } words[64];
    char path[64];
    ssize_t size;

    snprintf(path, sizeof path, "/proc/self/task/%d/auxv", (int)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size = read(fd, words, sizeof words);
    close(fd);
    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof words[0]; i++)
        if (words[i].key == AT_ENTRY)
            return words[i].value != getauxval(AT_ENTRY);
    return size > 0;
}

/* And its machine has the bytes of a word the other way round (emulators of big CPUs run on little ones): the kernel does not see
 * what the program means by a word of its memory, as that of a mutex which passes on priority. */
static inline bool emulated_turned(void)
{
    return emulated() && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/* The program's path if it has to be started by the command in RUN; else NULL. */
static inline char *emulator_program(void)
{
    static char path[4096];
    const char *run = getenv("RUN");
    ssize_t length = run && *run && emulated() ? readlink("/proc/self/exe", path, sizeof path - 1) : 0;

    if (length <= 0)
        return NULL;
    path[length] = '\0';
    return path;
}

/* What it says of a socket: an error that is found while somebody waits, an emulator (qemu 7.2) gives with the number that it has
 * in the machine's own system. */
static inline bool says(int result, int error, int on_most_systems)
{
    return result == -error || (emulated() && result == -on_most_systems);
}

static inline bool says_refused(int result)
{
    return says(result, ECONNREFUSED, 111);
}

static inline bool says_cut_off(int result)
{
    return says(result, ECONNRESET, 104) || says(result, ETIMEDOUT, 110);
}

/* Whether the signals of sa_mask are masked in a handler. An emulator (qemu 7.2 of riscv64) takes the word behind them. */
static volatile sig_atomic_t emulator_masks;

static inline void emulator_look(int number)
{
    sigset_t set;
    (void)number;
    sigprocmask(SIG_BLOCK, NULL, &set);
    emulator_masks = sigismember(&set, SIGWINCH);
}

static inline bool handlers_mask(void)
{
    struct sigaction action = {.sa_handler = emulator_look}, earlier;
    sigaddset(&action.sa_mask, SIGWINCH);
    sigaction(SIGUSR2, &action, &earlier);
    raise(SIGUSR2);
    sigaction(SIGUSR2, &earlier, NULL);
    return emulator_masks;
}

/* So, for a handler that is to mask all signals. */
static inline void mask_all(sigset_t *set)
{
    memset(set, 0xff, sizeof *set);
}

/* In a test of the framework's. */
#define NEEDS_NO_EMULATOR(what)                                                                                                    \
    do {                                                                                                                           \
        if (emulated())                                                                                                            \
            SKIP("the emulator has no " what);                                                                                     \
    } while (0)

#define NEEDS_CALLS_SEEN() NEEDS_NO_EMULATOR("/proc/self/task/N/syscall of the program's: nobody is seen to sleep in a call")

#endif
