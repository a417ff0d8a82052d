/* Last words and the end of the process; no libc state is touched.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

/* A libc without it has fixed texts in strerror. */
#ifndef __GLIBC__
#define strerrordesc_np strerror
#endif

void os_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        long wrote = os_call(SYS_write, fd, bytes, size);
        if (wrote == -EINTR)
            continue;
        if (wrote <= 0)
            return;
        bytes += wrote;
        size -= (size_t)wrote;
    }
}

const char *os_error_text(int error)
{
    const char *text = error < 0 && error > INT_MIN ? strerrordesc_np(-error) : NULL;
    return text ? text : "no error that the system knows";
}

static struct {
    void (*fn)(void);
    int process; /* not its children */
} before_exit;

/* Not by atexit(), which is linked into the program's own text. */
__attribute__((destructor)) static void run_before_exit(void)
{
    if (before_exit.fn && os_process_id() == before_exit.process)
        before_exit.fn();
}

void os_before_exit(void (*fn)(void))
{
    before_exit.fn = fn;
    before_exit.process = os_process_id();
}

void os_exit(int status)
{
    for (;;)
        os_call(SYS_exit_group, status);
}

static void raise_abort(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    os_raise(SIGABRT);
}

/* Not abort(): libc takes a lock there, which a thread that will never run again may hold. The program's own handler has its say,
 * and if it returns, the signal comes again without it. */
void os_abort(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    raise_abort();
    sigaction(SIGABRT, &plain, NULL);
    raise_abort();
    os_exit(128 + SIGABRT);
}
