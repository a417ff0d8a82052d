/* The test framework. A test is TEST(a_promise_as_a_sentence) { ... } in a file X_test.c, which is linked with the framework (all
 * of the .c files beside this one) and the library into one program. Tests register themselves and run in main(), which is
 * goroutine 1.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "emulator.h"
#include "goroutine.h"

/* ---- tests (runner.c) ---- */

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

void test_register(struct test *t);

/* Defines a test. After it the runner waits for its goroutines to end, looks for what it leaked, and sets go_maxprocs and go_slice
 * back. A test that makes no check fails. */
#define TEST(sentence)                                                                                                             \
    static void sentence(void);                                                                                                    \
    __attribute__((constructor)) static void register_##sentence(void)                                                             \
    {                                                                                                                              \
        static struct test t = {#sentence, sentence, NULL};                                                                        \
        test_register(&t);                                                                                                         \
    }                                                                                                                              \
    static void sentence(void)

/* Ends the test as skipped; only for what the machine truly lacks, and from the test's own function. */
#define SKIP(...)                                                                                                                  \
    do {                                                                                                                           \
        test_skip(__VA_ARGS__);                                                                                                    \
        return;                                                                                                                    \
    } while (0)
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* False where the program has one thread, and cannot have another. */
bool test_has_threads(void);

/* In a test that starts plain threads itself. */
#define NEEDS_THREADS()                                                                                                            \
    do {                                                                                                                           \
        if (!test_has_threads())                                                                                                   \
            SKIP("there are no threads");                                                                                          \
    } while (0)

/* True if a goroutine that never calls the library can be taken off here: not with GOROUTINE_PREEMPT=off, not without threads, and
 * not under ThreadSanitizer, which delivers signals only when it suits it. */
bool test_can_preempt(void);

/* Says that n goroutines of this test stay behind on purpose (they wait for ever). */
void test_abandon(int n);

/* n times TEST_SCALE (percent, 100 if not set), at least 1: for the length of loops. CROWD is the same for goroutines that live
 * at once, of which ThreadSanitizer bears 8128, at a millisecond each. */
#define SCALED(n) test_scaled(n)
#define CROWD(n)  test_crowd(n)
int test_scaled(int n);
int test_crowd(int n);

/* Nanoseconds of a monotonic clock that is not the library's. */
int64_t test_now(void);

/* Writes a line "# ..." at once; from anywhere. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- checks (check.c): from any goroutine or thread; one that fails reports, fails the test, gives false, and goes on ---- */

#define CHECK(condition) test_check((condition) ? true : false, __FILE__, __LINE__, #condition)
#define CHECK_EQ(expected, actual)                                                                                                 \
    test_check_eq((long long)(expected), (long long)(actual), __FILE__, __LINE__, "CHECK_EQ(" #expected ", " #actual ")")
#define CHECK_NE(unexpected, actual)                                                                                               \
    test_check_ne((long long)(unexpected), (long long)(actual), __FILE__, __LINE__, "CHECK_NE(" #unexpected ", " #actual ")")
/* low <= actual <= high */
#define CHECK_BETWEEN(low, high, actual)                                                                                           \
    test_check_between((long long)(low), (long long)(high), (long long)(actual), __FILE__, __LINE__,                               \
                       "CHECK_BETWEEN(" #low ", " #high ", " #actual ")")
#define CHECK_PTR(expected, actual)                                                                                                \
    test_check_ptr((expected), (actual), __FILE__, __LINE__, "CHECK_PTR(" #expected ", " #actual ")")
#define CHECK_STR(expected, actual)                                                                                                \
    test_check_str((expected), (actual), __FILE__, __LINE__, "CHECK_STR(" #expected ", " #actual ")")
#define CHECK_MEM(expected, actual, size)                                                                                          \
    test_check_mem((expected), (actual), (size), __FILE__, __LINE__, "CHECK_MEM(" #expected ", " #actual ")")

/* Yields until the condition holds, at most 30 seconds of real time; fails if it never does. */
#define EVENTUALLY(condition)                                                                                                      \
    do {                                                                                                                           \
        int64_t test_end = test_now() + 30 * GO_SECOND;                                                                            \
        bool test_held;                                                                                                            \
        while (!(test_held = (condition)) && test_now() < test_end)                                                                \
            go_yield();                                                                                                            \
        test_check(test_held, __FILE__, __LINE__, "eventually " #condition);                                                       \
    } while (0)

/* Whether the descriptor is open, and not a file of /proc: on threads of its own the library opens such for a moment. */
bool test_fd_stays(int fd);

/* Fails the test, with a line of its own. */
void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool test_fail_eq(long long expected, long long actual, const char *file, int line, const char *text);
bool test_fail_ne(long long unexpected, const char *file, int line, const char *text);
bool test_fail_between(long long low, long long high, long long actual, const char *file, int line, const char *text);
bool test_check_ptr(const void *expected, const void *actual, const char *file, int line, const char *text);
bool test_check_str(const char *expected, const char *actual, const char *file, int line, const char *text);
bool test_check_mem(const void *expected, const void *actual, size_t size, const char *file, int line, const char *text);

extern atomic_bool test_checked; /* some check was made since the test began */

static inline void test_mark_checked(void)
{
    if (!atomic_load_explicit(&test_checked, memory_order_relaxed))
        atomic_store_explicit(&test_checked, true, memory_order_relaxed);
}

static inline bool test_check(bool ok, const char *file, int line, const char *text)
{
    test_mark_checked();
    if (!ok)
        test_fail(file, line, "CHECK(%s)", text);
    return ok;
}

static inline bool test_check_eq(long long expected, long long actual, const char *file, int line, const char *text)
{
    test_mark_checked();
    return expected == actual || test_fail_eq(expected, actual, file, line, text);
}

static inline bool test_check_ne(long long unexpected, long long actual, const char *file, int line, const char *text)
{
    test_mark_checked();
    return unexpected != actual || test_fail_ne(unexpected, file, line, text);
}

static inline bool test_check_between(long long low, long long high, long long actual, const char *file, int line, const char *text)
{
    test_mark_checked();
    return (low <= actual && actual <= high) || test_fail_between(low, high, actual, file, line, text);
}

/* ---- helpers (crew.c) ---- */

/* Zeroed memory and channels that live until the goroutines of the test have ended; then they are freed, and a channel that
 * somebody still waits on fails the test. Never NULL. */
void *test_alloc(size_t size);
go_chan *test_chan(size_t elem_size, size_t capacity);

/* A crew is n goroutines, or n plain threads, that each run fn(arg, index) with an index of 0 to n-1. crew_wait blocks until all of
 * them have done so; call it once for each crew. crew_run is both. Where there are no threads all are goroutines. */
typedef void crew_fn(void *arg, int index);
struct crew *crew_start(int n, crew_fn *fn, void *arg);
struct crew *crew_start_threads(int n, crew_fn *fn, void *arg);
void crew_wait(struct crew *c);
void crew_run(int n, crew_fn *fn, void *arg);

/* Starts fn(arg) as a goroutine and returns when it has blocked (or ended) for the first time: it runs on the only processor with
 * preemption off until then. fn must not call go_preempt_off. */
void test_start_until_blocked(void (*fn)(void *), void *arg);

/* Lets others reach what they wait for, most probably: a test may rest its coverage on it, never its outcome. */
void test_settle(void);

#endif
