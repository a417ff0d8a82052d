/* What ran, and in which order: functions to be deferred that leave a mark each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_TRAIL_H
#define TEST_API_TRAIL_H

#include "test.h"

struct trail {
    char marks[32];
    int n;
};

static inline void mark(struct trail *t, char c)
{
    if (t->n < (int)sizeof t->marks - 1)
        t->marks[t->n++] = c;
}

static inline void mark_a(void *arg)
{
    mark(arg, 'a');
}

static inline void mark_b(void *arg)
{
    mark(arg, 'b');
}

static inline void mark_c(void *arg)
{
    mark(arg, 'c');
}

static inline void recover(void *arg)
{
    mark(arg, go_recover(NULL) ? 'R' : '-');
}

/* As a panic does, with arg for a text. */
static inline void fail(void *arg)
{
    go_panic("%s %d", (const char *)arg, 42);
}

/* Until it has ended. */
static inline void run_as_goroutine(void (*fn)(void *), void *arg)
{
    int64_t before = go_count();

    CHECK_EQ(0, go_spawn(fn, arg));
    EVENTUALLY(go_count() == before);
}

#endif
