/* What all parts of the face share: linkage, versions, deadlines.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_ABI_H
#define GOROUTINE_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define GO_BEGIN_DECLS extern "C" {
#define GO_END_DECLS   }
#else
#define GO_BEGIN_DECLS
#define GO_END_DECLS
#endif

#if defined(__GNUC__)
#define GO_API      __attribute__((visibility("default")))
#define GO_NORETURN __attribute__((noreturn))
#else
#define GO_API
#define GO_NORETURN
#endif

/* The version that a program was compiled against; go_version() gives the one that it runs with. */
#define GO_VERSION_MAJOR  0
#define GO_VERSION_MINOR  1
#define GO_VERSION_PATCH  0
#define GO_VERSION_NUMBER (GO_VERSION_MAJOR * 10000 + GO_VERSION_MINOR * 100 + GO_VERSION_PATCH)

/* Deadlines are absolute: nanoseconds on the clock of go_now(). */
#define GO_NOW     ((int64_t)0)
#define GO_FOREVER INT64_MAX

/* Durations in nanoseconds. */
#define GO_MICROSECOND ((int64_t)1000)
#define GO_MILLISECOND ((int64_t)1000000)
#define GO_SECOND      ((int64_t)1000000000)

#endif
