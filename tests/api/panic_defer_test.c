/* What is deferred, and recovering, also where one panic follows in another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "trail.h"

/* ---- deferring ---- */

static void defer_three(void *arg)
{
    struct go_deferred a, b, c;

    go_defer(&a, mark_a, arg);
    go_defer(&b, mark_b, arg);
    go_defer(&c, mark_c, arg);
    go_panic("with three");
}

TEST(a_panic_runs_what_is_deferred_the_last_first)
{
    struct trail t = {"", 0};

    CHECK_EQ(1, go_try(defer_three, &t, NULL));
    CHECK_STR("cba", t.marks);
}

static void defer_one_and_try(void *arg)
{
    struct go_deferred a;

    go_defer(&a, mark_a, arg);
    CHECK_EQ(1, go_try(defer_three, arg, NULL));
    mark(arg, '.');
    go_run_deferred(&a);
}

TEST(a_panic_runs_only_what_was_deferred_within_the_try)
{
    struct trail t = {"", 0};

    CHECK_EQ(0, go_try(defer_one_and_try, &t, NULL));
    CHECK_STR("cba.a", t.marks);
}

TEST(what_is_deferred_can_be_run_or_taken_off)
{
    struct trail t = {"", 0};
    struct go_deferred a, b;

    go_defer(&a, mark_a, &t);
    go_defer(&b, mark_b, &t);
    go_run_deferred(&b);
    go_run_deferred(&b);
    go_undefer(&a);
    go_run_deferred(&a);
    CHECK_STR("b", t.marks);
}

static void leave_block(struct trail *t, bool early)
{
    GO_DEFER(mark_a, t);
    {
        GO_DEFER(mark_b, t);
        if (early)
            return;
        mark(t, '.');
    }
    mark(t, '-');
}

TEST(a_block_runs_what_it_deferred_however_it_is_left)
{
    struct trail t = {"", 0};

    leave_block(&t, false);
    leave_block(&t, true);
    CHECK_STR(".b-aba", t.marks);
}

static void panic_in_block(void *arg)
{
    GO_DEFER(mark_a, arg);
    GO_DEFER(mark_b, arg);
    go_panic("in a block");
}

TEST(what_a_block_deferred_runs_once_in_a_panic)
{
    struct trail t = {"", 0};

    CHECK_EQ(1, go_try(panic_in_block, &t, NULL));
    CHECK_STR("ba", t.marks);
}

static void take_off_the_wrong_one(void *arg)
{
    struct go_deferred a, b;

    go_defer(&a, mark_a, arg);
    go_defer(&b, mark_b, arg);
    go_run_deferred(&a);
}

TEST(taking_off_another_than_the_last_is_a_panic)
{
    struct trail t = {"", 0};
    struct go_panic_info info;

    CHECK_EQ(1, go_try(take_off_the_wrong_one, &t, &info));
    CHECK(strstr(info.message, "not deferred last") != NULL);
    CHECK_STR("ba", t.marks);
}

static void exit_with_three(void *arg)
{
    struct go_deferred a, b;

    go_defer(&a, mark_a, arg);
    go_defer(&b, mark_b, arg);
    go_exit();
}

static void try_to_exit(void *arg)
{
    struct go_deferred c;

    go_defer(&c, mark_c, arg);
    go_try(exit_with_three, arg, NULL);
    mark(arg, '!');
}

TEST(the_end_of_a_goroutine_runs_all_that_is_deferred_through_its_tries)
{
    struct trail t = {"", 0};

    run_as_goroutine(try_to_exit, &t);
    CHECK_STR("bac", t.marks);
}

/* ---- recovering ---- */

static void recover_in_the_middle(void *arg)
{
    struct go_deferred a, r, b;

    go_defer(&a, recover, arg);
    go_defer(&r, recover, arg);
    go_defer(&b, mark_b, arg);
    go_panic("to be recovered");
}

TEST(a_recovered_panic_ends_its_try_as_a_return_would)
{
    struct trail t = {"", 0};
    struct go_panic_info info = {.signal = 77};

    CHECK_EQ(0, go_try(recover_in_the_middle, &t, &info));
    CHECK_STR("bR-", t.marks);
    CHECK_EQ(77, info.signal);
}

TEST(a_recovered_panic_ends_its_goroutine_where_nobody_tries)
{
    struct trail t = {"", 0};

    run_as_goroutine(recover_in_the_middle, &t);
    CHECK_STR("bR-", t.marks);
}

TEST(there_is_nothing_to_recover_without_a_panic)
{
    struct trail t = {"", 0};
    struct go_deferred d;

    CHECK_EQ(0, go_recover(NULL));
    go_defer(&d, recover, &t);
    go_run_deferred(&d);
    CHECK_STR("-", t.marks);
    CHECK_EQ(1, go_try(fail, "", NULL));
    CHECK_EQ(0, go_recover(NULL));
}

static void recover_message(void *arg)
{
    CHECK_EQ(1, go_recover(arg));
}

static void fail_and_recover(void *arg)
{
    GO_DEFER(recover_message, arg);
    go_panic("found");
}

TEST(recovering_tells_of_the_panic)
{
    struct go_panic_info info;

    CHECK_EQ(0, go_try(fail_and_recover, &info, NULL));
    CHECK_STR("found", info.message);
}

/* ---- panics in panics ---- */

static void fail_again(void *arg)
{
    mark(arg, '2');
    go_panic("second");
}

static void fail_twice(void *arg)
{
    struct go_deferred a, b;

    go_defer(&a, mark_a, arg);
    go_defer(&b, fail_again, arg);
    go_panic("first");
}

TEST(a_panic_in_a_deferred_function_takes_the_place_of_the_first)
{
    struct trail t = {"", 0};
    struct go_panic_info info;

    CHECK_EQ(1, go_try(fail_twice, &t, &info));
    CHECK_STR("2a", t.marks);
    CHECK_STR("second", info.message);
    CHECK_EQ(0, go_recover(NULL));
}

static void fail_twice_and_recover(void *arg)
{
    struct go_deferred r, s;

    go_defer(&r, recover, arg);
    go_defer(&s, recover, arg);
    fail_twice(arg);
}

TEST(recovering_the_second_panic_ends_both)
{
    struct trail t = {"", 0};

    CHECK_EQ(0, go_try(fail_twice_and_recover, &t, NULL));
    CHECK_STR("2aR-", t.marks);
}

static void try_again(void *arg)
{
    mark(arg, '0' + (char)go_try(fail, "inner", NULL));
    mark(arg, go_recover(NULL) ? 'R' : '-');
}

static void fail_and_try_again(void *arg)
{
    GO_DEFER(try_again, arg);
    go_panic("outer");
}

TEST(a_panic_that_is_caught_in_a_deferred_function_leaves_the_first)
{
    struct trail t = {"", 0};

    CHECK_EQ(0, go_try(fail_and_try_again, &t, NULL));
    CHECK_STR("1R", t.marks);
}

static void leave(void *arg)
{
    mark(arg, 'x');
    go_exit();
}

static void fail_and_leave(void *arg)
{
    struct go_deferred a, b;

    go_defer(&a, recover, arg);
    go_defer(&b, leave, arg);
    go_panic("dropped");
}

static void try_to_fail_and_leave(void *arg)
{
    go_try(fail_and_leave, arg, NULL);
    mark(arg, '!');
}

TEST(the_end_of_the_goroutine_in_a_deferred_function_drops_the_panic)
{
    struct trail t = {"", 0};

    run_as_goroutine(try_to_fail_and_leave, &t);
    CHECK_STR("x-", t.marks);
}

static void exit_and_fail(void *arg)
{
    struct go_deferred a, b, c;

    go_defer(&a, mark_a, arg);
    go_defer(&b, recover, arg);
    go_defer(&c, fail_again, arg);
    go_exit();
}

static void try_exit_and_fail(void *arg)
{
    go_try(exit_and_fail, arg, NULL);
    mark(arg, '!');
}

TEST(a_panic_that_is_recovered_while_the_goroutine_ends_does_not_keep_it)
{
    struct trail t = {"", 0};

    run_as_goroutine(try_exit_and_fail, &t);
    CHECK_STR("2Ra", t.marks);
}

/* ---- plain threads ---- */

static void in_thread(void *arg, int index)
{
    struct trail t = {"", 0};

    (void)arg;
    (void)index;
    CHECK_EQ(1, go_try(defer_three, &t, NULL));
    CHECK_EQ(0, go_try(recover_in_the_middle, &t, NULL));
    CHECK_STR("cbabR-", t.marks);
}

TEST(plain_threads_can_try_defer_and_recover)
{
    crew_wait(crew_start_threads(4, in_thread, NULL));
}
