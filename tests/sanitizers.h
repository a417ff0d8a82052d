/* With which sanitizer a test is built: gcc tells of one by one name, clang by another.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SANITIZERS_H
#define TESTS_SANITIZERS_H

#include <stdbool.h>

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

#endif
