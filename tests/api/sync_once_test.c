/* Once: of all calls the first one runs the function, and all return after it has ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct start {
    go_once once;
    atomic_int runs;
    atomic_bool ended;
    atomic_int seen_too_early;
};

static void run_slowly(void *arg)
{
    struct start *s = arg;

    atomic_fetch_add(&s->runs, 1);
    go_yield();
    hog_for(100 * GO_MICROSECOND);
    go_sleep(100 * GO_MICROSECOND);
    atomic_store(&s->ended, true);
}

static void call_once(void *arg, int index)
{
    struct start *s = arg;

    (void)index;
    CHECK_EQ(0, go_once_do(&s->once, run_slowly, s));
    if (!atomic_load(&s->ended))
        atomic_fetch_add(&s->seen_too_early, 1);
}

TEST(of_many_calls_one_runs_the_function_and_the_others_wait_for_its_end)
{
    for (int procs = 1; procs <= 8; procs *= 2) {
        go_maxprocs(procs);
        for (int i = 0; i < SCALED(50); i++) {
            struct start *s = test_alloc(sizeof *s);
            struct crew *threads = crew_start_threads(i % 10 == 0 ? 2 : 0, call_once, s);

            crew_run(10, call_once, s);
            crew_wait(threads);
            CHECK_EQ(1, atomic_load(&s->runs));
            CHECK_EQ(0, atomic_load(&s->seen_too_early));
        }
    }
}

TEST(plain_threads_run_it_once_among_themselves)
{
    struct start *s = test_alloc(sizeof *s);

    crew_wait(crew_start_threads(8, call_once, s));
    CHECK_EQ(1, atomic_load(&s->runs));
    CHECK_EQ(0, atomic_load(&s->seen_too_early));
}

static void count_run(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(later_calls_do_nothing_whatever_their_function)
{
    go_once once = {0};
    atomic_int first = 0, second = 0;

    CHECK_EQ(0, go_once_do(&once, count_run, &first));
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(0, go_once_do(&once, count_run, &second));
    CHECK_EQ(1, atomic_load(&first));
    CHECK_EQ(0, atomic_load(&second));
}

static void end_goroutine(void *arg)
{
    struct start *s = arg;

    atomic_fetch_add(&s->runs, 1);
    go_yield();
    atomic_store(&s->ended, true);
    go_exit();
}

static void call_once_and_end(void *arg)
{
    struct start *s = arg;

    go_once_do(&s->once, end_goroutine, s);
    atomic_fetch_add(&s->seen_too_early, !atomic_load(&s->ended));
}

TEST(a_function_that_ends_its_goroutine_counts_as_ended)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        for (int i = 0; i < SCALED(50); i++) {
            struct start *s = test_alloc(sizeof *s);

            for (int k = 0; k < 10; k++)
                CHECK_EQ(0, go_spawn(call_once_and_end, s));
            EVENTUALLY(go_count() == 1);
            CHECK_EQ(1, atomic_load(&s->runs));
            CHECK_EQ(0, atomic_load(&s->seen_too_early));
            CHECK_EQ(0, go_once_do(&s->once, end_goroutine, s));
        }
    }
}

struct nested {
    go_once outer, inner;
    atomic_int runs;
};

static void call_inner(void *arg)
{
    struct nested *n = arg;

    CHECK_EQ(0, go_once_do(&n->inner, count_run, &n->runs));
}

TEST(one_once_may_be_used_inside_another)
{
    struct nested *n = test_alloc(sizeof *n);

    CHECK_EQ(0, go_once_do(&n->outer, call_inner, n));
    CHECK_EQ(0, go_once_do(&n->inner, count_run, &n->runs));
    CHECK_EQ(1, atomic_load(&n->runs));
}

static void exit_inside_both(void *arg)
{
    struct nested *n = arg;

    atomic_fetch_add(&n->runs, 1);
    go_exit();
}

static void call_inner_that_exits(void *arg)
{
    struct nested *n = arg;

    go_once_do(&n->inner, exit_inside_both, n);
}

static void call_outer(void *arg)
{
    struct nested *n = arg;

    go_once_do(&n->outer, call_inner_that_exits, n);
}

TEST(an_exit_inside_two_ends_both)
{
    struct nested *n = test_alloc(sizeof *n);

    CHECK_EQ(0, go_spawn(call_outer, n));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, go_once_do(&n->outer, count_run, &n->runs));
    CHECK_EQ(0, go_once_do(&n->inner, count_run, &n->runs));
    CHECK_EQ(1, atomic_load(&n->runs));
}

TEST(null_is_refused_and_does_not_use_the_once_up)
{
    go_once once = {0};
    atomic_int runs = 0;

    CHECK_EQ(-EINVAL, go_once_do(NULL, count_run, &runs));
    CHECK_EQ(-EINVAL, go_once_do(&once, NULL, &runs));
    CHECK_EQ(0, atomic_load(&runs));
    CHECK_EQ(0, go_once_do(&once, count_run, &runs));
    CHECK_EQ(1, atomic_load(&runs));
}
