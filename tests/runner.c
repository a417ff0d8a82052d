/* The runner: main() of every test program. Runs the tests that registered themselves and reports them in TAP.
 *
 *   ./prog              all tests           ./prog name part    those whose name contains "name part" (or "name_part")
 *   ./prog --list       their names
 *
 * Environment: TEST_SCALE percent of the loops' length (100), TEST_TIMEOUT seconds for one test (120), TEST_REPEAT times to run
 * them all (1). The exit status is 1 if a test failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include "framework.h"

/* Where a test asks for more memory than there is, it wants NULL, with a sanitizer too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static struct test *first;
static int scale = 100, timeout = 120;
static char wanted[200];
static bool skipped;
static char skip_reason[200];
static int abandoned;

void test_register(struct test *t)
{
    struct test **end = &first;

    while (*end)
        end = &(*end)->next;
    *end = t;
}

int test_scaled(int n)
{
    int64_t scaled = (int64_t)n * scale / 100;

    return scaled < 1 ? 1 : scaled > INT32_MAX ? INT32_MAX : (int)scaled;
}

void test_skip(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(skip_reason, sizeof skip_reason, format, args);
    va_end(args);
    skipped = true;
}

void test_abandon(int n)
{
    abandoned += n;
}

/* A name as it is shown and searched for: with blanks. */
static const char *sentence(const struct test *t)
{
    static char text[200];
    size_t i;

    for (i = 0; t->name[i] && i < sizeof text - 1; i++)
        text[i] = t->name[i] == '_' ? ' ' : t->name[i];
    text[i] = '\0';
    return text;
}

static bool is_wanted(const struct test *t)
{
    return strstr(sentence(t), wanted) != NULL;
}

static bool run_one(const struct test *t, int number)
{
    struct leak_counts before = leaks_count();
    int failed;

    atomic_store(&test_checked, false);
    skipped = false;
    abandoned = 0;
    watchdog_watch(sentence(t), number);
    t->run();
    leaks_restore(&before);
    if (leaks_wait(&before, abandoned, (timeout + 11) / 12))
        crew_clean_up();
    else
        crew_forget();
    leaks_compare(&before);
    watchdog_watch("", 0);
    if (!skipped && !atomic_load(&test_checked))
        test_fail(t->name, 0, "the test checks nothing");
    failed = test_take_failures();
    if (skipped && !failed)
        test_say("ok %d - %s # SKIP %s", number, sentence(t), skip_reason);
    else
        test_say("%s %d - %s", failed ? "not ok" : "ok", number, sentence(t));
    return failed == 0;
}

static int number_from_environment(const char *name, int otherwise)
{
    const char *text = getenv(name);

    return text && atoi(text) > 0 ? atoi(text) : otherwise;
}

static int count_wanted(void)
{
    int n = 0;

    for (const struct test *t = first; t; t = t->next)
        n += is_wanted(t);
    return n;
}

static void take_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%s%s", used ? " " : "", argv[i]);
    }
    for (char *c = wanted; *c; c++)
        if (*c == '_')
            *c = ' ';
}

static void list(void)
{
    for (const struct test *t = first; t; t = t->next)
        test_say("%s", sentence(t));
}

int main(int argc, char **argv)
{
    int repeat = number_from_environment("TEST_REPEAT", 1);
    int number = 0, failed = 0;

    scale = number_from_environment("TEST_SCALE", scale);
    timeout = number_from_environment("TEST_TIMEOUT", timeout);
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    take_arguments(argc, argv);
    if (count_wanted() == 0) {
        test_say("Bail out! no test has \"%s\" in its name", wanted);
        return 1;
    }
    test_say("1..%d", repeat * count_wanted());
    watchdog_start(timeout);
    leaks_warm_up();
    for (int round = 0; round < repeat; round++)
        for (const struct test *t = first; t; t = t->next)
            if (is_wanted(t))
                failed += !run_one(t, ++number);
    if (failed)
        test_note("%d of %d failed", failed, number);
    return failed != 0;
}
