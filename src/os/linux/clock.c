/* The monotonic clock.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <time.h>

#include "os/linux/linux.h"

int64_t os_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail, and so leaves errno alone */
    int64_t now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    return now > 0 ? now : 1; /* 0 is free to mean "no time" */
}
