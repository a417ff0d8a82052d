/* Whether what libc keeps for each thread (errno, what malloc and C++ have in thread-locals, whose a lock is) goes along with a
 * goroutine that is taken off. Where it does not, code that relies on it ties its goroutine to the thread, as README's limits ask
 * for, and so do the tests of this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_HAZARD_IDENTITY_H
#define TESTS_HAZARD_IDENTITY_H

#include "goroutine.h"
#include "sanitizers.h"

#ifndef GOROUTINES_KEEP_IDENTITY
#define GOROUTINES_KEEP_IDENTITY WITH_IDENTITIES /* 1: nobody needs to tie anything */
#endif

static inline void identity_begin(void)
{
    if (!GOROUTINES_KEEP_IDENTITY)
        go_lock_thread();
}

static inline void identity_end(void)
{
    if (!GOROUTINES_KEEP_IDENTITY)
        go_unlock_thread();
}

#endif
