/* Descriptors that the library has for a moment.
 *
 * Each gets the lowest free number, and that may be one of a stream that the program has closed. Who looks what streams there are
 * (net/child.c) would take it for one. So either some have such a descriptor, or somebody looks. Nobody waits for ever: a handler
 * of the program's may have interrupted the other, and a child of a fork has the word as it was just then.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/atomic.h"
#include "os/linux/linux.h"

#define LOOKS    (-(1 << 20)) /* in the word: somebody does; more than there are threads */
#define PATIENCE 20000

static _Atomic int32_t word; /* so many have one */

void os_brief_begin(void)
{
    for (int left = PATIENCE; add_ordered(&word, 1) < 0 && left > 0; left--) { /* partner: os_brief_keep_off */
        add_ordered(&word, -1);
        os_thread_yield();
    }
}

void os_brief_end(void)
{
    add_ordered(&word, -1);
}

void os_brief_keep_off(void)
{
    int32_t nobody = 0;
    for (int left = PATIENCE; !cas_ordered(&word, &nobody, LOOKS); left--, nobody = 0) { /* partner: os_brief_begin */
        if (left == 0) {
            add_ordered(&word, LOOKS);
            return;
        }
        os_thread_yield();
    }
}

void os_brief_let_go(void)
{
    add_ordered(&word, -LOOKS);
}

long os_open_briefly(const char *path, int flags)
{
    os_brief_begin();
    long fd = os_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        os_brief_end();
    return fd;
}

void os_close_brief(long fd)
{
    os_call(SYS_close, fd);
    os_brief_end();
}
