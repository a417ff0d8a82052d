/* errno, in a form that survives a change of thread.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>

#include "os/linux/linux.h"

static ptrdiff_t from_pointer; /* 0: not asked yet */

/* It lies as far from the thread pointer in every thread. libc's accessor is a function of libc's: not to be called where a
 * goroutine must not be taken off. */
__attribute__((constructor)) static void learn_where(void)
{
    from_pointer = (char *)&errno - (char *)arch_thread_pointer();
}

__attribute__((noinline)) int *os_errno(void)
{
    __asm__ volatile("" ::: "memory"); /* not pure: two calls are two look-ups */
    return from_pointer ? (int *)(arch_thread_pointer() + (uintptr_t)from_pointer) : &errno;
}
