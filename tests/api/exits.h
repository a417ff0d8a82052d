/* What the tests of pthread_exit and its kin share: handlers of pthread_cleanup_push that leave marks. libc has two kinds of them:
 * a jump buffer, and, where a C program is built with -fexceptions, a clean-up of the compiler's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_EXITS_H
#define TESTS_API_EXITS_H

#include <poll.h>
#include <pthread.h>
#include "hogs.h"
#include "sanitizers.h"

static char marks[64];
static atomic_int marked;

static void mark(void *which)
{
    int n = atomic_fetch_add(&marked, 1);

    if (n < (int)sizeof marks - 1)
        marks[n] = *(const char *)which;
}

static inline void forget_marks(void)
{
    memset(marks, 0, sizeof marks);
    atomic_store(&marked, 0);
}

/* Runs fn(arg) as a goroutine, until that has ended. */
static inline void run_as_goroutine(void (*fn)(void *), void *arg)
{
    int64_t before = go_count();

    CHECK_EQ(0, go_spawn(fn, arg));
    EVENTUALLY(go_count() == before);
}

/* Handlers in three frames, what is deferred in one, and a yield in the middle of each: "d" first, then c to a, if fn ends it. */
__attribute__((noinline)) static void with_c(void (*fn)(void *))
{
    pthread_cleanup_push(mark, "c");
    go_yield();
    fn(NULL);
    pthread_cleanup_pop(0);
    mark("!");
}

__attribute__((noinline)) static void with_b(void (*fn)(void *))
{
    struct go_deferred deferred;

    pthread_cleanup_push(mark, "b");
    pthread_cleanup_push(mark, "x");
    go_yield();
    pthread_cleanup_pop(0);
    go_defer(&deferred, mark, "d");
    with_c(fn);
    go_undefer(&deferred);
    pthread_cleanup_pop(0);
    mark("!");
}

__attribute__((noinline, unused)) static void with_handlers(void *fn)
{
    pthread_cleanup_push(mark, "a");
    go_yield();
    with_b((void (*)(void *))fn);
    pthread_cleanup_pop(0);
    mark("!");
}

static inline void exits(void *value)
{
    pthread_exit(value);
}

/* ThreadSanitizer's poll is left half done if it ends there. */
static inline void cancel_at_poll(void *unused)
{
    (void)unused;
    pthread_cancel(pthread_self());
    if (WITH_TSAN)
        pthread_testcancel();
    poll(NULL, 0, 0);
}

/* One that is done with goes unheard. */
__attribute__((noinline, unused)) static void push_and_pop(void)
{
    pthread_cleanup_push(mark, "n");
    go_yield();
    pthread_cleanup_pop(1);
    pthread_cleanup_push(mark, "x");
    go_yield();
    pthread_cleanup_pop(0);
}

#endif
