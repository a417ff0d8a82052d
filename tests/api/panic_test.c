/* Panics, what is deferred, trying and recovering.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include "test.h"

/* What ran, in order. */
struct trail {
    char marks[32];
    int n;
};

static void mark(struct trail *t, char c)
{
    if (t->n < (int)sizeof t->marks - 1)
        t->marks[t->n++] = c;
}

static void mark_a(void *arg)
{
    mark(arg, 'a');
}

static void mark_b(void *arg)
{
    mark(arg, 'b');
}

static void mark_c(void *arg)
{
    mark(arg, 'c');
}

static void recover(void *arg)
{
    mark(arg, go_recover(NULL) ? 'R' : '-');
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* ---- trying ---- */

static void fail(void *arg)
{
    go_panic("%s %d", (const char *)arg, 42);
}

TEST(a_try_without_a_panic_gives_nought)
{
    struct trail t = {"", 0};
    struct go_panic_info info = {.signal = 77};

    CHECK_EQ(0, go_try(mark_a, &t, &info));
    CHECK_STR("a", t.marks);
    CHECK_EQ(77, info.signal);
    CHECK_EQ(-EINVAL, go_try(NULL, NULL, NULL));
}

TEST(a_try_tells_of_the_panic_that_ended_it)
{
    struct go_panic_info info;

    CHECK_EQ(1, go_try(fail, "forty-two is", &info));
    CHECK_STR("forty-two is 42", info.message);
    CHECK_EQ(go_id(), info.goroutine);
    CHECK_EQ(0, info.signal);
    CHECK_EQ(0, info.pc);
    CHECK_EQ(1, go_try(fail, "", NULL));
}

static void fail_at_length(void *arg)
{
    (void)arg;
    go_panic("%1000d", 1);
}

TEST(a_long_message_is_cut)
{
    struct go_panic_info info;

    CHECK_EQ(1, go_try(fail_at_length, NULL, &info));
    CHECK_EQ(sizeof info.message - 1, strlen(info.message));
}

static void try_inside(void *arg)
{
    struct trail *t = arg;

    mark(t, '0' + (char)go_try(fail, "inner", NULL));
    mark(t, '0' + (char)go_try(do_nothing, NULL, NULL));
    go_panic("outer");
}

TEST(tries_nest)
{
    struct trail t = {"", 0};
    struct go_panic_info info;

    CHECK_EQ(1, go_try(try_inside, &t, &info));
    CHECK_STR("10", t.marks);
    CHECK_STR("outer", info.message);
}

static void misuse(void *arg)
{
    go_mutex_unlock(arg);
}

TEST(misuse_of_the_library_can_be_caught)
{
    go_mutex m = {0};
    struct go_panic_info info;

    CHECK_EQ(1, go_try(misuse, &m, &info));
    CHECK(strstr(info.message, "go_mutex_unlock") != NULL);
    CHECK_EQ(0, go_mutex_lock(&m));
    CHECK_EQ(0, go_mutex_unlock(&m));
}

struct cond_case {
    go_mutex m;
    go_cond c;
};

static void wait_without_the_mutex(void *arg)
{
    struct cond_case *c = arg;
    go_cond_wait(&c->c, &c->m);
}

TEST(after_misuse_of_a_condition_it_works)
{
    struct cond_case c = {0};

    CHECK_EQ(1, go_try(wait_without_the_mutex, &c, NULL));
    CHECK_EQ(0, go_cond_signal(&c.c));
    go_mutex_lock(&c.m);
    CHECK_EQ(-ETIMEDOUT, go_cond_wait_until(&c.c, &c.m, go_now() + GO_MILLISECOND));
    go_mutex_unlock(&c.m);
}

struct ctx_case {
    struct cond_case cond;
    go_ctx *ctx;
    int slept;
};

static void sleep_after_it(void *arg)
{
    struct ctx_case *c = arg;
    go_ctx_cancel(c->ctx, 0);
    c->slept = go_sleep(GO_MILLISECOND);
}

static void wait_in_a_context(void *arg)
{
    struct ctx_case *c = arg;
    GO_DEFER(sleep_after_it, c);
    go_cond_wait_ctx(c->ctx, &c->cond.c, &c->cond.m);
}

TEST(a_panic_in_a_call_with_a_context_leaves_the_context)
{
    struct ctx_case c = {.slept = 77};

    c.ctx = go_ctx_new(NULL);
    CHECK_EQ(1, go_try(wait_in_a_context, &c, NULL));
    CHECK_EQ(0, c.slept);
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    go_ctx_free(c.ctx);
}

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

static void run_as_goroutine(void (*fn)(void *), void *arg)
{
    int64_t before = go_count();

    CHECK_EQ(0, go_spawn(fn, arg));
    EVENTUALLY(go_count() == before);
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

/* ---- where it happens ---- */

static void fail_in_region(void *arg)
{
    (void)arg;
    go_preempt_off();
    go_blocking_begin();
    go_blocking_begin();
    go_panic("inside");
}

static void sleep_a_little(void *arg)
{
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    mark(arg, 's');
}

static void fail_in_region_with_deferred(void *arg)
{
    GO_DEFER(sleep_a_little, arg);
    fail_in_region(NULL);
}

TEST(a_panic_leaves_blocking_regions_before_what_is_deferred_runs)
{
    struct trail t = {"", 0};

    CHECK_EQ(1, go_try(fail_in_region_with_deferred, &t, NULL));
    CHECK_STR("s", t.marks);
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
}

static void unbalanced(void *arg)
{
    (void)arg;
    go_blocking_end();
}

static void off_once_too_few(void *arg)
{
    (void)arg;
    go_preempt_on();
}

TEST(depths_are_after_a_try_what_they_were_before)
{
    go_blocking_begin();
    CHECK_EQ(1, go_try(fail_in_region, NULL, NULL));
    go_blocking_end();
    CHECK_EQ(1, go_try(unbalanced, NULL, NULL));
    go_preempt_off();
    CHECK_EQ(1, go_try(fail_in_region, NULL, NULL));
    go_preempt_on();
    CHECK_EQ(1, go_try(off_once_too_few, NULL, NULL));
}

static void end_region_and_fail(void *arg)
{
    (void)arg;
    go_blocking_end();
    go_panic("outside");
}

TEST(a_region_that_was_ended_within_the_try_is_there_again)
{
    go_blocking_begin();
    CHECK_EQ(1, go_try(end_region_and_fail, NULL, NULL));
    go_blocking_end();
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
}

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

static void run_once(void *arg)
{
    go_once_do(arg, (void (*)(void *))fail, "once");
}

TEST(a_once_whose_function_panics_is_done)
{
    go_once once = {0};

    CHECK_EQ(1, go_try(run_once, &once, NULL));
    CHECK_EQ(0, go_try(run_once, &once, NULL));
}

/* ---- very often ---- */

static void fail_deep(void *arg)
{
    volatile int *depth = arg;

    if (--*depth > 0)
        fail_deep(arg);
    else if (*depth == 0) {
        go_yield();
        go_panic("deep");
    }
    ++*depth;
}

static void fail_often(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(2000); i++) {
        volatile int depth = 1 + (i + index) % 10;
        struct go_panic_info info;

        if (!CHECK_EQ(1, go_try(fail_deep, (void *)&depth, &info)))
            return;
        CHECK_EQ(go_id(), info.goroutine);
    }
}

TEST(goroutines_panic_and_go_on_thousands_of_times)
{
    go_maxprocs(4);
    crew_run(8, fail_often, NULL);
}

/* ---- the handler ---- */

static atomic_int handled;
static char handled_message[192];

static enum go_panic_verdict end_it(const struct go_panic_info *info)
{
    strcpy(handled_message, info->message);
    CHECK_EQ(0, go_recover(NULL));
    go_yield();
    atomic_fetch_add(&handled, 1);
    return GO_PANIC_END;
}

static void fail_with_deferred(void *arg)
{
    GO_DEFER(mark_a, arg);
    go_panic("for the handler");
}

TEST(a_handler_may_have_the_goroutine_end_alone)
{
    struct trail t = {"", 0};

    CHECK(go_on_panic(end_it) == NULL);
    run_as_goroutine(fail_with_deferred, &t);
    CHECK(go_on_panic(NULL) == end_it);
    CHECK_EQ(1, atomic_load(&handled));
    CHECK_STR("for the handler", handled_message);
    CHECK_STR("a", t.marks);
}
