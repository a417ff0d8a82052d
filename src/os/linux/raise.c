/* A libc that sends signals to "itself" by the number behind the thread pointer: musl. With an identity that is lent that is the
 * number of the thread that lends, which sleeps with all signals masked. So for programs that have this library, these take the
 * place of libc's: they ask the kernel who is running. glibc asks it itself, and this file is empty.
 *
 * Nothing here knows of goroutines, and nothing is cached: it holds in the child of a vfork too, which shares our memory. It is the
 * library's text, so nobody is taken off between the question and the call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/linux/linux.h"

#if !defined(__GLIBC__)

#define REPLACES_LIBCS __attribute__((visibility("default")))

static long send_to_itself(int number)
{
    return os_call(SYS_tkill, os_call(SYS_gettid), number);
}

REPLACES_LIBCS int raise(int number)
{
    long result = send_to_itself(number);
    if (result == 0)
        return 0;
    *os_errno() = (int)-result;
    return -1;
}

/* Which number a thread has, libc tells nobody, but the name of the thread's clock is made of it. 0: it has ended. */
static long number_of(pthread_t thread)
{
    clockid_t clock;
    return pthread_getcpuclockid(thread, &clock) == 0 ? ~(clock >> 3) : 0;
}

REPLACES_LIBCS int pthread_kill(pthread_t thread, int number)
{
    if (pthread_equal(thread, pthread_self()))
        return (int)-send_to_itself(number);
    long other = number_of(thread);
    if (other != 0)
        return (int)-os_call(SYS_tgkill, os_call(SYS_getpid), other, number);
    return number >= 0 && number < _NSIG ? 0 : EINVAL;
}

/* For those who send to themselves by tgkill. */
REPLACES_LIBCS pid_t gettid(void)
{
    return (pid_t)os_call(SYS_gettid);
}

static void unmask_abort(void)
{
    uint64_t set = UINT64_C(1) << (SIGABRT - 1);
    os_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, sizeof set);
}

/* The program's handler has its say, if the signal is not masked; after that it is the default. */
REPLACES_LIBCS _Noreturn void abort(void)
{
    send_to_itself(SIGABRT);
    sigaction(SIGABRT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    unmask_abort();
    send_to_itself(SIGABRT);
    os_exit(128 + SIGABRT);
}

/* libc's calls its own abort. */
REPLACES_LIBCS _Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "Assertion failed: %s (%s: %s: %d)\n", expression, file, function, line);
    os_write(2, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
    abort();
}

#endif
