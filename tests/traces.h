/* Reading tracebacks: which functions a dump shows on the stack of a goroutine, by name or, where it has addresses, by addr2line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_TRACES_H
#define TEST_TRACES_H

#include "test.h"

enum { TRACES_MOST = 80, TRACES_LINE = 200 };

struct trace {
    int count;
    char line[TRACES_MOST][TRACES_LINE]; /* as the dump has them, without the indent */
    char name[TRACES_MOST][TRACES_LINE]; /* functions; "?": not known */
};

/* What go_dump writes. To be freed. */
char *trace_dump(void);

/* Waits until the goroutine that writes its number there is parked; the number. */
uint64_t trace_parked(const _Atomic uint64_t *id);

/* The frames of that goroutine; none if the dump has no such goroutine. Uses one static trace: the next call overwrites it. */
struct trace *trace_of(const char *dump, uint64_t id);

/* Checks that a dump made now shows these functions one after the other, the innermost first; NULL ends them. */
void trace_check(uint64_t id, const char *const *functions);
#define TRACE_CHECK(id, ...) trace_check(id, (const char *const[]){__VA_ARGS__, NULL})

#endif
