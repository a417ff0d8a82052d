/* Starting goroutines, giving way, ending, numbers and counts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>
#include "hogs.h"

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void set_flag(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

TEST(a_goroutine_runs_once_with_its_argument)
{
    atomic_int *runs = test_alloc(sizeof *runs);

    CHECK_EQ(0, go_spawn(add_one, runs));
    EVENTUALLY(atomic_load(runs) == 1);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(1, atomic_load(runs));
}

TEST(go_is_the_short_name_of_spawn)
{
    atomic_int *runs = test_alloc(sizeof *runs);

    CHECK_EQ(0, go(add_one, runs));
    EVENTUALLY(atomic_load(runs) == 1);
}

static atomic_int null_arguments;

static void expect_null(void *arg)
{
    CHECK_PTR(NULL, arg);
    atomic_fetch_add(&null_arguments, 1);
}

TEST(the_argument_may_be_null)
{
    int before = atomic_load(&null_arguments);

    CHECK_EQ(0, go_spawn(expect_null, NULL));
    EVENTUALLY(atomic_load(&null_arguments) == before + 1);
}

TEST(spawn_refuses_a_null_function_and_starts_nothing)
{
    struct go_attr attr = {0};
    int64_t before = go_count();

    CHECK_EQ(-EINVAL, go_spawn(NULL, NULL));
    CHECK_EQ(-EINVAL, go_spawn_attr(NULL, NULL, NULL));
    CHECK_EQ(-EINVAL, go_spawn_attr(&attr, NULL, NULL));
    CHECK_EQ(before, go_count());
}

TEST(spawn_with_no_attributes_or_zero_attributes_takes_the_defaults)
{
    struct go_attr zero = {0};
    atomic_int *runs = test_alloc(sizeof *runs);

    CHECK_EQ(0, go_spawn_attr(NULL, add_one, runs));
    CHECK_EQ(0, go_spawn_attr(&zero, add_one, runs));
    EVENTUALLY(atomic_load(runs) == 2);
}

TEST(spawn_refuses_a_reserved_word_that_is_not_zero)
{
    int64_t before = go_count();
    atomic_int *runs = test_alloc(sizeof *runs);

    for (size_t i = 0; i < sizeof((struct go_attr *)0)->reserved / sizeof(uintptr_t); i++) {
        struct go_attr attr = {0};

        attr.reserved[i] = 1;
        CHECK_EQ(-EINVAL, go_spawn_attr(&attr, add_one, runs));
    }
    CHECK_EQ(before, go_count());
    CHECK_EQ(0, atomic_load(runs));
}

TEST(spawn_refuses_a_stack_of_more_than_a_gibibyte)
{
    struct go_attr attr = {0};
    atomic_int *runs = test_alloc(sizeof *runs);

    attr.stack_size = ((size_t)1 << 30) + 1;
    CHECK_EQ(-EINVAL, go_spawn_attr(&attr, add_one, runs));
    attr.stack_size = SIZE_MAX;
    CHECK_EQ(-EINVAL, go_spawn_attr(&attr, add_one, runs));
    attr.stack_size = SIZE_MAX / 2 + 1;
    CHECK_EQ(-EINVAL, go_spawn_attr(&attr, add_one, runs));
    CHECK_EQ(0, atomic_load(runs));
}

static volatile bool shall_exit = true;

static void exit_deep_down(int depth, atomic_int *passed)
{
    if (depth > 0)
        exit_deep_down(depth - 1, passed);
    else if (shall_exit)
        go_exit();
    atomic_fetch_add(passed, 1);
}

static void exit_from_a_nested_call(void *arg)
{
    exit_deep_down(10, arg);
}

TEST(exit_ends_the_goroutine_from_a_nested_call)
{
    atomic_int *passed = test_alloc(sizeof *passed);

    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, go_spawn(exit_from_a_nested_call, passed));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, atomic_load(passed));
}

struct yielders {
    atomic_bool stop;
    atomic_long turns;
};

static void yield_until_stopped(void *arg)
{
    struct yielders *y = arg;

    while (!atomic_load(&y->stop)) {
        atomic_fetch_add(&y->turns, 1);
        go_yield();
    }
}

TEST(yield_lets_another_goroutine_run_before_it_comes_back)
{
    struct yielders *y = test_alloc(sizeof *y);
    int came_back_too_early = 0;

    go_maxprocs(1);
    CHECK_EQ(0, go_spawn(yield_until_stopped, y));
    EVENTUALLY(atomic_load(&y->turns) > 0);
    for (int i = 0; i < 1000; i++) {
        long before = atomic_load(&y->turns);

        go_yield();
        came_back_too_early += atomic_load(&y->turns) == before;
    }
    atomic_store(&y->stop, true);
    CHECK_BETWEEN(0, 100, came_back_too_early);
}

TEST(goroutines_that_yield_share_one_processor_evenly)
{
    enum { N = 10 };
    struct yielders *y = test_alloc(N * sizeof *y);

    go_maxprocs(1);
    for (int i = 0; i < N; i++)
        go_spawn(yield_until_stopped, &y[i]);
    while (atomic_load(&y[0].turns) < 5000)
        go_yield();
    for (int i = 0; i < N; i++) {
        CHECK_BETWEEN(2500, 10000, atomic_load(&y[i].turns));
        atomic_store(&y[i].stop, true);
    }
}

static void yield_on_a_thread(void *arg, int index)
{
    (void)index;
    for (int i = 0; i < 100; i++)
        go_yield();
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(a_plain_thread_may_yield)
{
    atomic_int *done = test_alloc(sizeof *done);

    crew_wait(crew_start_threads(2, yield_on_a_thread, done));
    CHECK_EQ(2, atomic_load(done));
}

static void spawn_many(void *arg, int index)
{
    (void)index;
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(0, go_spawn(add_one, arg));
}

TEST(plain_threads_may_spawn)
{
    atomic_int *runs = test_alloc(sizeof *runs);

    crew_wait(crew_start_threads(4, spawn_many, runs));
    EVENTUALLY(atomic_load(runs) == 4000);
}

TEST(many_goroutines_spawn_at_the_same_time)
{
    atomic_int *runs = test_alloc(sizeof *runs);

    crew_run(8, spawn_many, runs);
    EVENTUALLY(atomic_load(runs) == 8000);
}

struct link_in_chain {
    atomic_int left;
    atomic_bool done;
};

static void spawn_next(void *arg)
{
    struct link_in_chain *c = arg;

    if (atomic_fetch_sub(&c->left, 1) > 0)
        CHECK_EQ(0, go_spawn(spawn_next, c));
    else
        atomic_store(&c->done, true);
}

TEST(a_goroutine_starts_the_next_one_100_000_times)
{
    struct link_in_chain *c = test_alloc(sizeof *c);

    atomic_store(&c->left, SCALED(100000));
    CHECK_EQ(0, go_spawn(spawn_next, c));
    EVENTUALLY(atomic_load(&c->done));
}

TEST(main_is_goroutine_1)
{
    CHECK_EQ(1, go_id());
    go_yield();
    CHECK_EQ(1, go_id());
    go_sleep(GO_MILLISECOND);
    CHECK_EQ(1, go_id());
}

static void store_id(void *arg, int index)
{
    (void)index;
    atomic_store((_Atomic uint64_t *)arg, go_id());
}

TEST(a_plain_thread_has_number_0)
{
    _Atomic uint64_t *id = test_alloc(sizeof *id);

    NEEDS_THREADS();
    atomic_store(id, 99);
    crew_wait(crew_start_threads(1, store_id, id));
    CHECK_EQ(0, atomic_load(id));
}

enum { NUMBERED = 2000 };

static void store_own_id(void *arg, int index)
{
    uint64_t id = go_id();

    for (int i = 0; i < 5; i++) {
        go_yield();
        CHECK_EQ(id, go_id());
    }
    go_sleep(GO_MILLISECOND);
    CHECK_EQ(id, go_id());
    ((uint64_t *)arg)[index] = id;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

TEST(no_two_goroutines_ever_have_the_same_number)
{
    uint64_t *ids = test_alloc(3 * NUMBERED * sizeof *ids);

    for (int round = 0; round < 3; round++)
        crew_run(NUMBERED, store_own_id, ids + round * NUMBERED);
    qsort(ids, 3 * NUMBERED, sizeof *ids, compare);
    CHECK(ids[0] > 1);
    for (int i = 1; i < 3 * NUMBERED; i++)
        CHECK(ids[i] != ids[i - 1]);
}

TEST(no_goroutine_but_main_lives_unless_the_program_started_it)
{
    EVENTUALLY(go_count() == 1);
}

struct gate {
    go_chan *enter, *leave;
};

static void pass_gate(void *arg)
{
    struct gate *g = arg;

    go_send(g->enter, NULL);
    go_recv(g->leave, NULL);
}

TEST(count_tells_exactly_how_many_goroutines_live)
{
    struct gate *g = test_alloc(sizeof *g);
    int64_t before = go_count();

    *g = (struct gate){test_chan(0, 0), test_chan(0, 0)};
    for (int i = 1; i <= 50; i++) {
        CHECK_EQ(0, go_spawn(pass_gate, g));
        CHECK_EQ(before + i, go_count());
        go_recv(g->enter, NULL);
        CHECK_EQ(before + i, go_count());
    }
    for (int i = 49; i >= 0; i--) {
        go_send(g->leave, NULL);
        EVENTUALLY(go_count() == before + i);
    }
}

static void do_nothing(void *arg)
{
    (void)arg;
}

TEST(finished_goroutines_leave_no_stacks_behind)
{
    struct go_stats before = {0}, after = {0};

    go_stats_read(&before, sizeof before);
    for (int i = 0; i < SCALED(100000); i++) {
        CHECK_EQ(0, go_spawn(do_nothing, NULL));
        while (go_count() > 100)
            go_yield();
    }
    EVENTUALLY(go_count() == 1);
    go_stats_read(&after, sizeof after);
    CHECK_EQ(before.spawned + (uint64_t)SCALED(100000), after.spawned);
    CHECK_BETWEEN(0, before.stacks + 2000, after.stacks);
}

TEST(a_goroutine_may_be_spawned_with_preemption_off)
{
    atomic_bool *ran = test_alloc(sizeof *ran);

    go_preempt_off();
    CHECK_EQ(0, go_spawn(set_flag, ran));
    go_preempt_on();
    EVENTUALLY(atomic_load(ran));
}
