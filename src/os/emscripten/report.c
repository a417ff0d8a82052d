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

/* ---- the end ---- */

/* What emscripten (3.1.6) does not do by itself. A main() that has been left and come back to returns to nobody: it is seen to
 * return, which it does not each time that it is left, and ends the program (go_os_end). And each context that is left
 * keeps the program alive until it is come back to, which the dead are not: who calls exit() means it. */
EM_JS(void, go_os_watch_end, (void), {
    var note = Asyncify.setDataRewindFunc;
    var rewind = Asyncify.doRewind;
    var leave = exit;
    var left;
    Asyncify.setDataRewindFunc = function(data)
    {
        note(data);
        left = left || Module.asm[Asyncify.exportCallStack[0]] == Module._main;
    };
    Asyncify.doRewind = function(data)
    {
        if (Asyncify.getDataRewindFunc(data) != Module._main)
            return rewind(data);
        left = false;
        var status = rewind(data);
        if (!left)
            Module._go_os_end(status);
        return status;
    };
    exit = function(status, implicit)
    {
        if (!implicit)
            runtimeKeepaliveCounter = 0;
        leave(status, implicit);
    };
});

EM_JS(void, go_os_exit, (int status), {
    noExitRuntime = false;
    runtimeKeepaliveCounter = 0;
    procExit(status);
});

static void (*before_exit)(void);

EM_JS(void, go_os_leave, (int status), { exit(status); });

/* Ours, as in the host's own nobody can be waited for: that cannot be left in the middle. */
_Noreturn void exit(int status)
{
    if (before_exit)
        before_exit();
    go_os_leave(status);
    __builtin_unreachable();
}

/* Here main() has returned to nobody. */
void go_os_end(int status);
EMSCRIPTEN_KEEPALIVE void go_os_end(int status)
{
    exit(status);
}

void os_before_exit(void (*fn)(void))
{
    before_exit = fn;
    go_os_watch_end();
}

_Noreturn void os_exit(int status)
{
    go_os_exit(status);
    __builtin_unreachable();
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
