/* With which sanitizer a test is built (gcc tells of one by one name, clang by another), and what that asks of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SANITIZERS_H
#define TESTS_SANITIZERS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define WITH_TSAN true
#else
#define WITH_TSAN false
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define WITH_ASAN true
#else
#define WITH_ASAN false
#endif

/* The last thing that a thread does in a test whose signals may hit it: ThreadSanitizer puts handlers off, and forgets those of a
 * thread that has ended. */
static inline void thread_takes_no_more_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    if (WITH_TSAN)
        pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* Whether goroutines are taken off with the identity of their thread: not with a sanitizer. */
#define WITH_IDENTITIES (!WITH_ASAN && !WITH_TSAN)

#endif
