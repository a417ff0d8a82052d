/* System calls and errno, in a form that survives a change of thread.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "os/linux/linux.h"

__attribute__((noinline)) int *os_errno(void)
{
    __asm__ volatile("" ::: "memory"); /* not pure: two calls are two look-ups */
    return &errno;
}

__attribute__((noinline)) long os_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    int kept = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1) {
        result = -errno;
        errno = kept;
    }
    return result;
}
