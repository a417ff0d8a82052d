/* Stacks: a goroutine may use all that it was given, and libc works on what it gets by default.
 *
 * SPDX-License-Identifier: MIT
 */
#include <alloca.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include "hogs.h"

enum { DEFAULT = 64 << 10, PAGE = 4096 };

struct use {
    size_t size;
    atomic_int done;
};

/* Writes all bytes from here down. */
static __attribute__((noinline)) void use_stack(void *arg)
{
    struct use *u = arg;
    volatile char *bytes = alloca(u->size);

    for (size_t i = u->size; i > 0; i -= i < 512 ? i : 512)
        bytes[i - 1] = (char)i;
    bytes[0] = 1;
    hog_for(10 * GO_MICROSECOND);
    CHECK_EQ(1, bytes[0]);
    CHECK_EQ((char)u->size, bytes[u->size - 1]);
    atomic_fetch_add(&u->done, 1);
}

/* A goroutine with a stack of so many bytes uses all but a page of them: the rest is for the calls on the way. */
static void check_size(size_t given, size_t usable)
{
    struct go_attr attr = {.stack_size = given};
    struct use *u = test_alloc(sizeof *u);

    u->size = usable - PAGE;
    for (int i = 0; i < 10; i++)
        CHECK_EQ(0, go_spawn_attr(&attr, use_stack, u));
    EVENTUALLY(atomic_load(&u->done) == 10);
}

TEST(a_goroutine_may_use_64_KiB_unless_told_otherwise)
{
    check_size(0, DEFAULT);
}

TEST(a_goroutine_may_use_the_stack_it_was_given)
{
    check_size(16 << 10, 16 << 10);
    check_size(32 << 10, 32 << 10);
    check_size(128 << 10, 128 << 10);
    check_size(1 << 20, 1 << 20);
    check_size(64 << 20, 64 << 20);
}

TEST(a_stack_size_is_rounded_up_to_a_power_of_two)
{
    check_size((64 << 10) + 1, 128 << 10);
    check_size(300000, 512 << 10);
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(a_tiny_stack_size_still_runs_a_function)
{
    atomic_int *runs = test_alloc(sizeof *runs);
    struct go_attr attr = {.stack_size = 1};

    for (; attr.stack_size <= 8192; attr.stack_size *= 2)
        CHECK_EQ(0, go_spawn_attr(&attr, add_one, runs));
    EVENTUALLY(atomic_load(runs) == 14);
}

TEST(a_stack_of_a_gibibyte_is_allowed)
{
    atomic_int *runs = test_alloc(sizeof *runs);
    struct go_attr attr = {.stack_size = (size_t)1 << 30};
    int result = go_spawn_attr(&attr, add_one, runs);

    if (result == -ENOMEM)
        SKIP("no address space for it");
    CHECK_EQ(0, result);
    EVENTUALLY(atomic_load(runs) == 1);
}

static __attribute__((noinline)) unsigned long sum_to(unsigned long n)
{
    volatile unsigned long rest = n > 0 ? sum_to(n - 1) : 0;

    return n + rest;
}

static void recurse(void *arg, int index)
{
    unsigned long n = 300 + (unsigned long)index;

    for (int i = 0; i < SCALED(200); i++) {
        if (!CHECK_EQ(n * (n + 1) / 2, sum_to(n)))
            return;
        if (i % 10 == 0)
            go_yield();
    }
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(goroutines_recurse_deeply_while_they_are_preempted)
{
    atomic_int *done = test_alloc(sizeof *done);

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(50, recurse, done);
    CHECK_EQ(50, atomic_load(done));
}

static void check_alignment(void *arg, int index)
{
    uintptr_t at;

    (void)index;
    __asm__ volatile("" : "=r"(at) : "0"(__builtin_frame_address(0)));
    CHECK_EQ(0, at % (2 * sizeof(void *)));
    {
        _Alignas(64) volatile char aligned[64];

        aligned[0] = 1;
        CHECK_EQ(0, (uintptr_t)aligned % 64);
        CHECK_EQ(1, aligned[0]);
    }
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(a_goroutine_begins_on_an_aligned_stack)
{
    atomic_int *done = test_alloc(sizeof *done);

    crew_run(10, check_alignment, done);
    CHECK_EQ(10, atomic_load(done));
}

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static void call_libc(void *arg, int index)
{
    char text[400];
    int numbers[500];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found = NULL;

    for (int i = 0; i < SCALED(20); i++) {
        snprintf(text, sizeof text, "%d %.10Lf %s %a", index, 1.0L / 3, "text", 0.1);
        CHECK_EQ(index, atoi(text));
        snprintf(text, sizeof text, "%.300f", 1e50);
        CHECK(strtod(text, NULL) == 1e50);
        for (int k = 0; k < 500; k++)
            numbers[k] = (k * 7919 + index) % 500;
        qsort(numbers, 500, sizeof numbers[0], compare);
        for (int k = 1; k < 500; k++)
            if (!CHECK(numbers[k - 1] <= numbers[k]))
                return;
        CHECK(fabs(sin(M_PI / 2) - 1) < 1e-9);
        CHECK_EQ(0, getaddrinfo("127.0.0.1", "80", &hints, &found));
        freeaddrinfo(found);
    }
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(libc_works_on_the_default_stack_while_goroutines_are_preempted)
{
    atomic_int *done = test_alloc(sizeof *done);

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(10, call_libc, done);
    CHECK_EQ(10, atomic_load(done));
}

static void fill_default_stack(void *arg, int index)
{
    struct use u = {.size = DEFAULT - 2 * PAGE};

    (void)arg;
    (void)index;
    use_stack(&u);
}

TEST(used_stacks_do_not_pile_up)
{
    uint64_t most = 0;

    for (int round = 0; round < 20; round++) {
        struct go_stats s = {0};

        crew_run(200, fill_default_stack, NULL);
        go_stats_read(&s, sizeof s);
        most = s.stacks > most ? s.stacks : most;
    }
    CHECK_BETWEEN(1, 1000, most);
}
