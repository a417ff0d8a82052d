/* Waiting is to give the thread back to the host, which runs what else it has to do: its timers, and what happens from outside. All
 * functions return meanwhile (Asyncify), and are called again. What the host calls may call the library, as nobody's goroutine, and
 * wake some: then the wait is over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>
#include <errno.h>
#include <limits.h>

#include "os/os.h"

#define MILLISECOND 1000000

/* The name tells emscripten that all functions return in here. */
EM_JS(void, __asyncjs__go_os_sleep, (int milliseconds), {
    Asyncify.handleSleep(function(wake) {
        var timer = setTimeout(end, milliseconds);
        function end()
        {
            clearTimeout(timer);
            Module.goWake = null;
            callUserCallback(wake);
        }
        Module.goWake = end;
    });
});

/* Not at once: the caller is in the middle of something. */
EM_JS(void, go_os_wake, (void), {
    if (Module.goWake)
        setTimeout(Module.goWake, 0);
    Module.goWake = null;
});

int os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    int64_t left = deadline - os_now();
    if (atomic_load(word) != expected)
        return 0;
    if (left <= 0)
        return -ETIMEDOUT;
    /* The host rounds down, and goes on a little early. */
    int64_t milliseconds = left / MILLISECOND + 1;
    __asyncjs__go_os_sleep(milliseconds < INT_MAX ? (int)milliseconds : INT_MAX);
    return os_now() < deadline ? 0 : -ETIMEDOUT;
}

/* Whatever the word: one waits, if any. */
void os_wake(_Atomic uint32_t *word, int n)
{
    (void)word;
    (void)n;
    go_os_wake();
}

bool os_fence_all(void)
{
    return true;
}
