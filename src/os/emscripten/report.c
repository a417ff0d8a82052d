/* Last words and the end of the process.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

void os_write(int fd, const char *bytes, size_t size)
{
    int kept = errno;
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);
        if (wrote <= 0)
            break;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    errno = kept;
}

const char *os_error_text(int error)
{
    return error < 0 && error > INT_MIN ? strerror(-error) : "no error that the system knows";
}

static void (*before_exit)(void);

__attribute__((destructor)) static void run_before_exit(void)
{
    if (before_exit)
        before_exit();
}

void os_before_exit(void (*fn)(void))
{
    before_exit = fn;
}

_Noreturn void os_exit(int status)
{
    _Exit(status);
}

/* Where the host is a process, by the signal; else by an exception that nobody catches. */
EM_JS(void, go_os_abort, (void), {
    if (ENVIRONMENT_IS_NODE)
        process.kill(process.pid, "SIGABRT");
    abort();
});

_Noreturn void os_abort(void)
{
    go_os_abort();
    abort();
}
