/* What passes between valgrind and us, if its header is there when the library is built. Its requests are a few instructions that
 * do nothing elsewhere. (Valgrind User Manual 3.1, The Client Request mechanism.)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_VALGRIND_H
#define BASE_VALGRIND_H

#include "base/base.h"

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high) 0
#define RUNNING_ON_VALGRIND                0
#endif
#ifndef VALGRIND_DISABLE_ERROR_REPORTING
#define VALGRIND_DISABLE_ERROR_REPORTING
#define VALGRIND_ENABLE_ERROR_REPORTING
#endif

static inline bool valgrind_runs(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

/* Tells of a stack of ours. Else it takes a switch between two that lie close together for growth of one, and calls what is on them
 * uninitialised. */
static inline void valgrind_stack(uintptr_t low, uintptr_t high)
{
    (void)VALGRIND_STACK_REGISTER((void *)low, (void *)(high - 1));
    (void)low;
    (void)high;
}

/* Between these, words that nobody has written may be read and compared. */
static inline void valgrind_trust_begin(void)
{
    VALGRIND_DISABLE_ERROR_REPORTING;
}
static inline void valgrind_trust_end(void)
{
    VALGRIND_ENABLE_ERROR_REPORTING;
}

#endif
