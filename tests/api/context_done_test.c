/* What is told of the end of a context: its channel is closed, and functions that wait for it run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contexts.h"
#include "counted.h"

/* ---- the done channel ---- */

TEST(the_done_channel_is_the_same_each_time_whenever_it_is_asked_for)
{
    go_ctx *early = go_ctx_new(NULL), *late = go_ctx_new(NULL);
    go_chan *done = go_ctx_done(early);

    CHECK(done != NULL);
    CHECK_PTR(done, go_ctx_done(early));
    go_ctx_cancel(early, 0);
    go_ctx_cancel(late, 0);
    CHECK_PTR(done, go_ctx_done(early));
    CHECK_DONE(-ECANCELED, early);
    CHECK_DONE(-ECANCELED, late);
    CHECK_PTR(go_ctx_done(late), go_ctx_done(late));
    go_ctx_free(early);
    go_ctx_free(late);
}

struct asking {
    go_ctx *ctx;
    go_chan *_Atomic first;
    atomic_int waiting;
};

static void ask_and_wait(void *arg, int index)
{
    struct asking *a = arg;
    go_chan *none = NULL, *done = go_ctx_done(a->ctx);

    if (!atomic_compare_exchange_strong(&a->first, &none, done))
        CHECK_PTR(none, done);
    atomic_fetch_add(&a->waiting, 1);
    if (index % 2) {
        CHECK_EQ(-EPIPE, go_recv(done, NULL));
    } else {
        struct go_case cases[] = {{.op = GO_RECV}, {.chan = done, .op = GO_RECV}};

        CHECK_EQ(1, go_select(cases, 2));
        CHECK_EQ(-EPIPE, cases[1].result);
    }
    CHECK_EQ(-ECANCELED, go_ctx_err(a->ctx)); /* whoever sees the channel closed sees the context done */
    CHECK_EQ(-EIO, go_ctx_cause(a->ctx));
}

TEST(all_who_wait_on_the_done_channel_in_selects_too_are_woken_by_the_end)
{
    for (int round = 0; round < SCALED(100); round++) {
        struct asking *a = test_alloc(sizeof *a);
        struct crew *goroutines, *threads;

        a->ctx = go_ctx_new(NULL);
        goroutines = crew_start(8, ask_and_wait, a);
        threads = crew_start_threads(2, ask_and_wait, a);
        if (round % 2)
            EVENTUALLY(atomic_load(&a->waiting) == 10);
        CHECK_EQ(1, go_ctx_cancel(a->ctx, -EIO));
        crew_wait(goroutines);
        crew_wait(threads);
        go_ctx_free(a->ctx);
    }
}

/* ---- after-functions ---- */

TEST(an_after_function_runs_once_when_the_context_is_done)
{
    struct note *n = test_alloc(sizeof *n), *m = test_alloc(sizeof *m);
    go_ctx *parent = go_ctx_new(NULL), *ctx = go_ctx_new(parent);
    go_ctx_after *first = go_ctx_after_func(ctx, count_call, n), *second = go_ctx_after_func(ctx, count_call, m);

    n->ctx = m->ctx = ctx;
    test_settle();
    CHECK_EQ(0, atomic_load(&n->calls));
    CHECK_EQ(1, go_ctx_cancel(parent, 0));
    EVENTUALLY(atomic_load(&n->calls) == 1 && atomic_load(&m->calls) == 1);
    go_ctx_cancel(ctx, 0);
    test_settle();
    CHECK_EQ(1, atomic_load(&n->calls));
    CHECK_EQ(0, go_ctx_after_stop(first));
    CHECK_EQ(0, go_ctx_after_stop(second));
    EVENTUALLY(go_count() == 1);
    go_ctx_free(ctx);
    go_ctx_free(parent);
}

TEST(an_after_function_of_a_context_that_is_done_runs_at_once)
{
    struct note *n = test_alloc(sizeof *n);
    go_ctx *ctx = go_ctx_new(NULL), *late = go_ctx_with_deadline(NULL, 1);

    go_ctx_cancel(ctx, 0);
    CHECK_EQ(0, go_ctx_after_stop(go_ctx_after_func(ctx, count_call, n)));
    EVENTUALLY(atomic_load(&n->calls) == 1);
    go_ctx_err(late);
    CHECK_EQ(0, go_ctx_after_stop(go_ctx_after_func(late, count_call, n)));
    EVENTUALLY(atomic_load(&n->calls) == 2);
    go_ctx_free(ctx);
    go_ctx_free(late);
}

TEST(an_after_function_that_was_stopped_does_not_run)
{
    struct note *n = test_alloc(sizeof *n);
    go_ctx *ctx = go_ctx_new(NULL);
    go_ctx_after *a[5];

    for (int i = 0; i < 5; i++)
        a[i] = go_ctx_after_func(ctx, count_call, n);
    CHECK_EQ(1, go_ctx_after_stop(a[2]));
    CHECK_EQ(1, go_ctx_after_stop(a[4]));
    CHECK_EQ(1, go_ctx_after_stop(a[0]));
    CHECK_EQ(1, go_ctx_cancel(ctx, 0));
    EVENTUALLY(atomic_load(&n->calls) == 2);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(2, atomic_load(&n->calls));
    CHECK_EQ(0, go_ctx_after_stop(a[1]));
    CHECK_EQ(0, go_ctx_after_stop(a[3]));
    go_ctx_free(ctx);
}

TEST(an_after_function_is_refused_without_a_function_and_never_runs_on_the_background)
{
    struct note *n = test_alloc(sizeof *n);
    go_ctx *ctx = go_ctx_new(NULL);

    CHECK_PTR(NULL, go_ctx_after_func(ctx, NULL, n));
    CHECK_EQ(-EINVAL, go_ctx_after_stop(NULL));
    CHECK_EQ(1, go_ctx_after_stop(go_ctx_after_func(NULL, count_call, n)));
    CHECK_EQ(1, go_ctx_after_stop(go_ctx_after_func(go_ctx_background(), count_call, n)));
    CHECK_EQ(0, atomic_load(&n->calls));
    go_ctx_free(ctx);
}

struct racing {
    go_ctx *ctx;
    atomic_int calls;
};

static void count_race(void *arg)
{
    atomic_fetch_add(&((struct racing *)arg)->calls, 1);
}

static void cancel_it(void *arg, int index)
{
    (void)index;
    go_ctx_cancel(((struct racing *)arg)->ctx, 0);
}

TEST(each_after_function_either_runs_or_was_stopped)
{
    long before = atomic_load(&live);

    for (int round = 0; round < 100 + SCALED(1000); round++) {
        struct racing *r = test_alloc(sizeof *r);
        go_ctx_after *a[4];
        struct crew *cancellers;
        int stopped = 0;

        r->ctx = go_ctx_new(NULL);
        for (int i = 0; i < 4; i++)
            a[i] = go_ctx_after_func(r->ctx, count_race, r);
        cancellers = crew_start(2, cancel_it, r);
        if (round % 2)
            go_yield();
        for (int i = 0; i < 4; i++)
            stopped += go_ctx_after_stop(a[i]);
        crew_wait(cancellers);
        EVENTUALLY(go_count() == 1);
        CHECK_EQ(4, stopped + atomic_load(&r->calls));
        go_ctx_free(r->ctx);
        CHECK_GIVEN_BACK(before + round + 1); /* but for the crews' channels */
    }
}
