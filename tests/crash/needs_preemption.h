/* For programs that are about being preempted: whatever the environment says, and not where it can not be done.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CRASH_NEEDS_PREEMPTION_H
#define TESTS_CRASH_NEEDS_PREEMPTION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sanitizers.h"

static inline void needs_preemption(void)
{
    const char *mode = getenv("GOROUTINE_PREEMPT");

    if (WITH_TSAN) {
        fprintf(stderr, "ThreadSanitizer delivers signals in its own way\n");
        exit(77);
    }
    if (mode && strcmp(mode, "off") == 0)
        setenv("GOROUTINE_PREEMPT", "", 1);
}

#endif
