/* What the tests of this folder share: TAP output, and children that may die. Each test is a program by itself; the library's
 * scheduler is not in it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_OS_TAP_H
#define TESTS_OS_TAP_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "emulator.h"
#include "sanitizers.h"

static int tap_tests, tap_failures;

static inline bool tap_ok(bool good, const char *sentence, const char *file, int line)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++tap_tests, sentence);
    if (!good)
        printf("# %s:%d errno %d\n", file, line, errno);
    fflush(stdout);
    tap_failures += !good;
    return good;
}

#define OK(good, sentence) tap_ok((good), (sentence), __FILE__, __LINE__)

static inline void tap_skip(const char *sentence, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_tests, sentence, why);
}

/* ThreadSanitizer keeps a signal back until it suits it, and hands on a copy of the frame with all signals masked. */
#define OK_BUT_TSAN(good, sentence)                                                                                                \
    do {                                                                                                                           \
        if (WITH_TSAN)                                                                                                             \
            tap_skip((sentence), "ThreadSanitizer delivers signals in its own way");                                               \
        else                                                                                                                       \
            OK((good), (sentence));                                                                                                \
    } while (0)

/* What an emulator of this CPU does not have. */
#define OK_BUT_EMULATED(good, sentence, what)                                                                                      \
    do {                                                                                                                           \
        if (emulated())                                                                                                            \
            tap_skip((sentence), "the emulator has no " what);                                                                     \
        else                                                                                                                       \
            OK((good), (sentence));                                                                                                \
    } while (0)

static inline int tap_end(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failures != 0;
}

/* Runs the function in a child process, and returns how that ended, as wait() tells it. A function that returns ends with 0. */
static inline int in_child(void (*run)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run();
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static inline bool exited(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static inline bool died_of(int status, int signal_number)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == signal_number;
}

/* A sanitizer's handlers would report a fault that a test makes on purpose. */
static inline void forget_handler(int signal_number)
{
    signal(signal_number, SIG_DFL);
}

#endif
