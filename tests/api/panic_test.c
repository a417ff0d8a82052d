/* Panics, and trying: what ends, where, and what the handler is told. What is deferred is in panic_defer_test.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "trail.h"

static void do_nothing(void *arg)
{
    (void)arg;
}

/* ---- trying ---- */

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
