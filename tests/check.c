/* Checks: what a failing one prints, and the count that fails the test.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "framework.h"

enum { REPORTS = 20 }; /* a test prints no more failures than these */

atomic_bool test_checked;
static atomic_int failures;

/* One write for each line, without stdio's locks: it is called by goroutines that are preempted anywhere and by plain threads. */
void test_write_line(const char *prefix, const char *format, va_list args)
{
    char line[1024];
    size_t n = (size_t)snprintf(line, sizeof line, "%s", prefix);

    vsnprintf(line + n, sizeof line - n - 1, format, args);
    n = strlen(line);
    line[n++] = '\n';
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write(STDOUT_FILENO, line + done, n - done);
        if (wrote < 0 && errno != EINTR)
            return;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
}

void test_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    test_write_line("", format, args);
    va_end(args);
}

void test_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    test_write_line("# ", format, args);
    va_end(args);
}

void test_fail(const char *file, int line, const char *format, ...)
{
    char prefix[128];
    va_list args;

    if (atomic_fetch_add(&failures, 1) >= REPORTS)
        return;
    snprintf(prefix, sizeof prefix, "# %s:%d: ", file, line);
    va_start(args, format);
    test_write_line(prefix, format, args);
    va_end(args);
}

int test_take_failures(void)
{
    int n = atomic_exchange(&failures, 0);

    if (n > REPORTS)
        test_note("and %d more failures", n - REPORTS);
    return n;
}

bool test_fail_eq(long long expected, long long actual, const char *file, int line, const char *text)
{
    test_fail(file, line, "%s: expected %lld, got %lld", text, expected, actual);
    return false;
}

bool test_fail_ne(long long unexpected, const char *file, int line, const char *text)
{
    test_fail(file, line, "%s: got %lld", text, unexpected);
    return false;
}

bool test_fail_between(long long low, long long high, long long actual, const char *file, int line, const char *text)
{
    test_fail(file, line, "%s: expected %lld to %lld, got %lld", text, low, high, actual);
    return false;
}

bool test_check_ptr(const void *expected, const void *actual, const char *file, int line, const char *text)
{
    test_mark_checked();
    if (expected != actual)
        test_fail(file, line, "%s: expected %p, got %p", text, expected, actual);
    return expected == actual;
}

bool test_check_str(const char *expected, const char *actual, const char *file, int line, const char *text)
{
    bool same = expected && actual ? strcmp(expected, actual) == 0 : expected == actual;

    test_mark_checked();
    if (!same)
        test_fail(file, line, "%s: expected \"%s\", got \"%s\"", text, expected ? expected : "(null)", actual ? actual : "(null)");
    return same;
}

bool test_check_mem(const void *expected, const void *actual, size_t size, const char *file, int line, const char *text)
{
    const unsigned char *want = expected, *have = actual;
    size_t at = 0;

    test_mark_checked();
    while (at < size && want[at] == have[at])
        at++;
    if (at < size)
        test_fail(file, line, "%s: byte %zu of %zu: expected 0x%02x, got 0x%02x", text, at, size, want[at], have[at]);
    return at == size;
}

int64_t test_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * GO_SECOND + t.tv_nsec;
}
