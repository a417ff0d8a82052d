/* A panic that lands in a go_try runs the clean-ups of the frames that it leaves, in a program that is built with unwinding.
 *
 * COMPILED WITH: -fexceptions -fnon-call-exceptions
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "faults.h"
#include "test.h"

static char marks[64];
static int n_marks;

static void mark(char c)
{
    if (n_marks < (int)sizeof marks - 1)
        marks[n_marks++] = c;
    marks[n_marks] = 0;
}

static void forget_marks(void)
{
    n_marks = 0;
    marks[0] = 0;
}

static void clean(const char *which)
{
    mark(*which);
}

static void mark_deferred(void *arg)
{
    mark(*(const char *)arg);
}

__attribute__((noinline)) static void inner(void (*fail)(void *))
{
    __attribute__((cleanup(clean))) char b = 'b';
    GO_DEFER(mark_deferred, "d");

    fail(&b);
    mark('!');
}

__attribute__((noinline)) static void outer(void *fail)
{
    __attribute__((cleanup(clean))) char a = 'a';

    inner((void (*)(void *))fail);
    mark(a);
}

static void panics(void *arg)
{
    (void)arg;
    go_panic("here");
}

TEST(clean_ups_run_after_what_is_deferred)
{
    struct go_panic_info info;

    forget_marks();
    CHECK_EQ(1, go_try(outer, (void *)panics, &info));
    CHECK_STR("dba", marks);
    CHECK_STR("here", info.message); /* no clean-up has panicked */
}

TEST(clean_ups_run_after_a_fault_in_a_function_that_was_called)
{
    void (*const faults[])(void *) = {fault_read, fault_divide, fault_call, FAULTS_OF_CPU};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        forget_marks();
        CHECK_EQ(1, go_try(outer, (void *)faults[i], NULL));
        CHECK_STR("dba", marks);
    }
}

__attribute__((noinline, no_sanitize("undefined"))) static void fault_itself(void *arg)
{
    __attribute__((cleanup(clean))) char c = 'c';

    *fault_at = *(int *)arg;
    mark(c);
}

__attribute__((noinline, no_sanitize("undefined"))) static void call_nothing(void *arg)
{
    __attribute__((cleanup(clean))) char c = 'c';

    (void)arg;
    fault_function(); /* the last that c covers: the place that it would return to is not */
    __asm__ volatile("" : : "r"(&c) : "memory");
}

TEST(clean_ups_of_the_function_that_calls_no_function_run)
{
    forget_marks();
    CHECK_EQ(1, go_try(call_nothing, NULL, NULL));
    CHECK_STR("c", marks);
}

#ifdef __clang__
enum { BY_CLANG = true };
#else
enum { BY_CLANG = false };
#endif

TEST(clean_ups_of_the_function_that_faults_run)
{
    int value = 3;

    if (BY_CLANG)
        SKIP("clang does not have -fnon-call-exceptions");
    forget_marks();
    CHECK_EQ(1, go_try(fault_itself, &value, NULL));
    CHECK_STR("c", marks);
}

static void try_inside(void *arg)
{
    __attribute__((cleanup(clean))) char t = 't';

    (void)arg;
    CHECK_EQ(1, go_try(outer, (void *)panics, NULL));
    mark(t == 't' ? '.' : '?');
    go_panic("again");
}

TEST(clean_ups_run_up_to_the_innermost_try)
{
    forget_marks();
    CHECK_EQ(1, go_try(try_inside, NULL, NULL));
    CHECK_STR("dba.t", marks);
}

/* qsort has unwind information, and no clean-ups. */
static int fail_to_compare(const void *a, const void *b)
{
    (void)a;
    (void)b;
    go_panic("no order");
}

__attribute__((noinline)) static void sort(void *arg)
{
    __attribute__((cleanup(clean))) char s = 's';
    int numbers[] = {3, 1, 2};

    (void)arg;
    qsort(numbers, 3, sizeof numbers[0], fail_to_compare);
    mark(s);
}

#ifdef __ARM_EABI__
struct index_entry {
    int32_t function; /* from here */
    uint32_t content;
};

/* The unwinder's own question. */
const struct index_entry *__gnu_Unwind_Find_exidx(uintptr_t pc, int *count);

/* By the last entry that begins at or before it. */
static bool has_unwind_information(void *function)
{
    enum { CANNOT_UNWIND = 1 };
    uintptr_t pc = (uintptr_t)function;
    int count = 0;
    const struct index_entry *entries = __gnu_Unwind_Find_exidx(pc, &count);
    bool has = false;

    for (int i = 0; i < count; i++) {
        uintptr_t begins = (uintptr_t)&entries[i].function + (uintptr_t)(intptr_t)(entries[i].function << 1 >> 1);
        if (begins <= pc)
            has = entries[i].content != CANNOT_UNWIND;
    }
    return has;
}
#else
/* The unwinder's own question; the structure is larger than all that it fills in. */
const void *_Unwind_Find_FDE(void *pc, void *bases);

static bool has_unwind_information(void *function)
{
    void *bases[16];

    return _Unwind_Find_FDE(function, bases) != NULL;
}
#endif

TEST(clean_ups_run_beyond_frames_of_libc)
{
    if (!has_unwind_information((void *)qsort))
        SKIP("this libc has no unwind information");
    forget_marks();
    CHECK_EQ(1, go_try(sort, NULL, NULL));
    CHECK_STR("s", marks);
}

static void panic_again(const char *which)
{
    mark(*which);
    go_panic("in a clean-up");
}

__attribute__((noinline)) static void clean_badly(void *arg)
{
    __attribute__((cleanup(clean))) char a = 'a';
    __attribute__((cleanup(panic_again))) char p = 'p';

    panics(arg);
    mark(a);
    mark(p);
}

TEST(a_panic_in_a_clean_up_takes_the_place_of_the_first)
{
    struct go_panic_info info;

    if (BY_CLANG)
        SKIP("clang ends the program where a clean-up does not return");
    forget_marks();
    CHECK_EQ(1, go_try(clean_badly, NULL, &info));
    CHECK_STR("pa", marks);
    CHECK_STR("in a clean-up", info.message);
}

static void *argument_that_panics(void)
{
    go_panic("no argument");
}

__attribute__((noinline)) static void defer_badly(void *arg)
{
    char dirt[200];

    memset(dirt, 0x5a, sizeof dirt); /* where what is deferred may lie */
    __asm__ volatile("" : : "r"(dirt) : "memory");
    GO_DEFER(mark_deferred, argument_that_panics());
    mark(*(char *)arg);
}

TEST(what_could_not_be_deferred_is_no_clean_up)
{
    struct go_panic_info info;

    forget_marks();
    CHECK_EQ(1, go_try(outer, (void *)defer_badly, &info));
    CHECK_STR("dba", marks);
    CHECK_STR("no argument", info.message);
}

/* ---- the end of the goroutine ---- */

static void run_as_goroutine(void (*fn)(void *), void *arg)
{
    int64_t before = go_count();

    CHECK_EQ(0, go_spawn(fn, arg));
    EVENTUALLY(go_count() == before);
}

static enum go_panic_verdict end_it(const struct go_panic_info *info)
{
    (void)info;
    mark('h');
    return GO_PANIC_END;
}

static void leaves(void *arg)
{
    (void)arg;
    go_exit();
}

static void recover(void *arg)
{
    CHECK_EQ(1, go_recover(NULL));
    mark(*(const char *)arg);
}

static void panics_and_recovers(void *arg)
{
    GO_DEFER(recover, "r");
    panics(arg);
}

TEST(clean_ups_run_where_a_handler_has_the_goroutine_end)
{
    CHECK(go_on_panic(end_it) == NULL);
    forget_marks();
    run_as_goroutine(outer, (void *)panics);
    CHECK_STR("dhba", marks);
    forget_marks();
    run_as_goroutine(outer, (void *)fault_write);
    CHECK_STR("dhba", marks);
    go_on_panic(NULL);
}

TEST(clean_ups_run_where_a_recovered_panic_ends_the_goroutine)
{
    forget_marks();
    run_as_goroutine(outer, (void *)panics_and_recovers);
    CHECK_STR("rdba", marks);
}

TEST(clean_ups_run_in_go_exit)
{
    forget_marks();
    run_as_goroutine(outer, (void *)leaves);
    CHECK_STR("dba", marks);
}

static void try_to_leave(void *arg)
{
    __attribute__((cleanup(clean))) char t = 't';

    (void)arg;
    go_try(outer, (void *)leaves, NULL);
    mark(t == 't' ? '!' : '?');
}

__attribute__((noinline)) static void try_twice_to_leave(void *arg)
{
    __attribute__((cleanup(clean))) char u = 'u';
    GO_DEFER(mark_deferred, "e");

    go_try(try_to_leave, arg, NULL);
    mark(u == 'u' ? '!' : '?');
}

TEST(clean_ups_run_in_go_exit_through_all_tries)
{
    forget_marks();
    run_as_goroutine(try_twice_to_leave, NULL);
    CHECK_STR("debatu", marks);
}

static void try_in_clean_up(const char *which)
{
    mark(*which);
    mark('0' + (char)go_try(panics, NULL, NULL));
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    mark('0' + (char)go_try(outer, (void *)panics, NULL));
}

__attribute__((noinline)) static void leave_and_try(void *arg)
{
    __attribute__((cleanup(try_in_clean_up))) char c = 'c';

    leaves(arg);
    mark(c);
}

TEST(clean_ups_at_the_end_of_a_goroutine_may_wait_and_try)
{
    forget_marks();
    run_as_goroutine(try_to_leave, NULL);
    CHECK_STR("dbat", marks);
    forget_marks();
    run_as_goroutine(leave_and_try, NULL);
    CHECK_STR("c1dba1", marks);
}

static void leave_badly(void *arg)
{
    __attribute__((cleanup(clean))) char a = 'a';
    __attribute__((cleanup(panic_again))) char p = 'p';

    leaves(arg);
    mark(a);
    mark(p);
}

static void try_to_leave_badly(void *arg)
{
    __attribute__((cleanup(clean))) char t = 't';

    go_try(leave_badly, arg, NULL);
    mark(t == 't' ? '!' : '?');
}

TEST(a_panic_in_a_clean_up_while_the_goroutine_ends_lands_nowhere)
{
    if (BY_CLANG)
        SKIP("clang ends the program where a clean-up does not return");
    CHECK(go_on_panic(end_it) == NULL);
    forget_marks();
    run_as_goroutine(try_to_leave_badly, NULL);
    CHECK_STR("phat", marks);
    forget_marks();
    run_as_goroutine(clean_badly, NULL);
    CHECK_STR("hpha", marks);
    go_on_panic(NULL);
    forget_marks();
    run_as_goroutine(try_to_leave, NULL);
    CHECK_STR("dbat", marks);
}

/* ---- very often ---- */

static atomic_int cleaned;
static void (*volatile fail_now)(void *) = fault_write; /* a compiler that knew it would see that it does not throw */

static void count(const int *unused)
{
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

__attribute__((noinline)) static void fail_deep(void *arg)
{
    __attribute__((cleanup(count))) int level = *(int *)arg - 1;

    if (level > 0)
        fail_deep(&level);
    else if (level == 0)
        fail_now(NULL);
}

static void clean_often(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(500); i++) {
        int depth = 10;
        if (!CHECK_EQ(1, go_try(fail_deep, &depth, NULL)))
            return;
    }
}

TEST(goroutines_fault_and_clean_up_thousands_of_times)
{
    atomic_store(&cleaned, 0);
    go_maxprocs(4);
    crew_run(8, clean_often, NULL);
    CHECK_EQ(8 * 10 * SCALED(500), atomic_load(&cleaned));
}

static void leave_deep(void *arg)
{
    int depth = 10;

    (void)arg;
    go_try(fail_deep, &depth, NULL);
}

TEST(goroutines_end_with_clean_ups_thousands_of_times)
{
    int64_t before = go_count();
    atomic_store(&cleaned, 0);
    fail_now = leaves;
    go_maxprocs(4);
    for (int i = 0; i < SCALED(2000); i++)
        CHECK_EQ(0, go_spawn(leave_deep, NULL));
    EVENTUALLY(go_count() == before);
    CHECK_EQ(10 * SCALED(2000), atomic_load(&cleaned));
    fail_now = fault_write;
}
