/* Text without stdio: what reports use, safe in a signal handler and on a small stack.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include "base/base.h"
#include <stdarg.h>

/* A line under construction. Text beyond the room is dropped. */
struct text {
    size_t used;
    char bytes[512];
};

/* Appends; knows %s %d %u %ld %lu %lld %llu %zu %lx %llx %p %c %%, without width or precision. */
void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_addv(struct text *text, const char *format, va_list arguments);

#endif
