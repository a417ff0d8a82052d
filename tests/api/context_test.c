/* What context.h promises of contexts themselves: the tree, its ends and their causes, values, deadlines, what is told of an end,
 * and who owns what. (Waiting with them: context_calls_test.c; groups: group_test.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "random.h"
#include "test.h"

#define CHECK_DONE(error, ctx)                                                                                                     \
    do {                                                                                                                           \
        CHECK_EQ(error, go_ctx_err(ctx));                                                                                          \
        CHECK_EQ(-EPIPE, go_recv_until(go_ctx_done(ctx), NULL, GO_NOW));                                                           \
    } while (0)

#define CHECK_NOT_DONE(ctx)                                                                                                        \
    do {                                                                                                                           \
        CHECK_EQ(0, go_ctx_err(ctx));                                                                                              \
        CHECK_EQ(0, go_ctx_cause(ctx));                                                                                            \
        CHECK_EQ(-EAGAIN, go_recv_until(go_ctx_done(ctx), NULL, GO_NOW));                                                          \
    } while (0)

/* ---- memory: what is taken is given back ---- */

static atomic_long live;
static atomic_bool short_of_memory;

static void *take(size_t size)
{
    void *at = atomic_load(&short_of_memory) ? NULL : malloc(size);

    atomic_fetch_add(&live, at != NULL);
    return at;
}

static void give_back(void *at)
{
    atomic_fetch_sub(&live, at != NULL);
    free(at);
}

/* No more than what was counted before, and the descriptors of threads that the library may start meanwhile. */
#define THREADS                  50
#define CHECK_GIVEN_BACK(before) CHECK_BETWEEN(0, (before) + THREADS, atomic_load(&live))

__attribute__((constructor)) static void install(void)
{
    if (go_set_allocator(take, give_back) != 0)
        abort();
}

/* ---- the background ---- */

TEST(the_background_is_never_done_has_no_deadline_and_cannot_be_cancelled)
{
    go_ctx *b = go_ctx_background();

    CHECK_PTR(b, go_ctx_background());
    CHECK_EQ(0, go_ctx_err(b));
    CHECK_EQ(0, go_ctx_cause(b));
    CHECK_EQ(-EINVAL, go_ctx_cancel(b, 0));
    CHECK_EQ(-EINVAL, go_ctx_cancel(NULL, 0));
    CHECK_EQ(0, go_ctx_err(b));
    CHECK_PTR(NULL, go_ctx_done(b));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(b));
    CHECK_PTR(NULL, go_ctx_value(b, &live));
    CHECK_PTR(b, go_ctx_hold(b));
    go_ctx_free(b);
    go_ctx_free(b);
    CHECK_EQ(0, go_ctx_err(b));
}

TEST(null_stands_for_a_context_that_is_never_done)
{
    go_ctx *ctx = go_ctx_new(NULL);

    CHECK_EQ(0, go_ctx_err(NULL));
    CHECK_EQ(0, go_ctx_cause(NULL));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(NULL));
    CHECK_PTR(NULL, go_ctx_value(NULL, &live));
    CHECK_PTR(NULL, go_ctx_done(NULL));
    CHECK_PTR(NULL, go_ctx_hold(NULL));
    go_ctx_free(NULL);
    CHECK_NOT_DONE(ctx);
    go_ctx_free(ctx);
}

/* ---- ending ---- */

TEST(a_context_is_done_once_it_is_cancelled_and_stays_so)
{
    go_ctx *ctx = go_ctx_new(go_ctx_background());

    CHECK_NOT_DONE(ctx);
    CHECK_EQ(1, go_ctx_cancel(ctx, 0));
    for (int i = 0; i < 3; i++) {
        CHECK_DONE(-ECANCELED, ctx);
        CHECK_EQ(-ECANCELED, go_ctx_cause(ctx));
        CHECK_EQ(0, go_ctx_cancel(ctx, -EIO));
    }
    go_ctx_free(ctx);
}

TEST(the_cause_is_what_the_first_canceller_gave)
{
    go_ctx *ctx = go_ctx_new(NULL), *below = go_ctx_new(ctx), *late;

    CHECK_EQ(-EINVAL, go_ctx_cancel(ctx, 5));
    CHECK_NOT_DONE(ctx);
    CHECK_EQ(1, go_ctx_cancel(ctx, -EIO));
    CHECK_EQ(0, go_ctx_cancel(ctx, -EPERM));
    CHECK_EQ(0, go_ctx_cancel(below, -EPERM));
    late = go_ctx_new(below);
    CHECK_DONE(-ECANCELED, ctx);
    CHECK_DONE(-ECANCELED, below);
    CHECK_DONE(-ECANCELED, late);
    CHECK_EQ(-EIO, go_ctx_cause(ctx));
    CHECK_EQ(-EIO, go_ctx_cause(below));
    CHECK_EQ(-EIO, go_ctx_cause(late));
    go_ctx_free(late);
    go_ctx_free(below);
    go_ctx_free(ctx);
}

TEST(a_child_that_ended_first_keeps_its_own_cause)
{
    go_ctx *ctx = go_ctx_new(NULL), *child = go_ctx_new(ctx), *sibling = go_ctx_new(ctx);

    CHECK_EQ(1, go_ctx_cancel(child, -EPERM));
    CHECK_NOT_DONE(ctx);
    CHECK_NOT_DONE(sibling);
    CHECK_EQ(1, go_ctx_cancel(ctx, -EIO));
    CHECK_EQ(-EPERM, go_ctx_cause(child));
    CHECK_EQ(-EIO, go_ctx_cause(sibling));
    CHECK_EQ(-EIO, go_ctx_cause(ctx));
    go_ctx_free(child);
    go_ctx_free(sibling);
    go_ctx_free(ctx);
}

/* Kinds of contexts between the one that is cancelled and the one that is looked at. */
static go_ctx *make_kind(go_ctx *parent, int kind)
{
    switch (kind) {
    case 0:
        return go_ctx_new(parent);
    case 1:
        return go_ctx_with_value(parent, &live, &live);
    default:
        return go_ctx_with_deadline(parent, go_deadline(1000 * GO_SECOND));
    }
}

TEST(an_end_reaches_all_below_and_nobody_else)
{
    for (int kind = 0; kind < 3; kind++) {
        go_ctx *top = go_ctx_new(NULL), *at = make_kind(top, 0), *beside = make_kind(top, kind);
        go_ctx *below = make_kind(at, kind), *far = make_kind(below, 0), *far_beside = make_kind(beside, 0);

        CHECK_EQ(1, go_ctx_cancel(at, 0));
        CHECK_NOT_DONE(top);
        CHECK_NOT_DONE(beside);
        CHECK_NOT_DONE(far_beside);
        CHECK_DONE(-ECANCELED, at);
        CHECK_DONE(-ECANCELED, below);
        CHECK_DONE(-ECANCELED, far);
        go_ctx_free(top); /* parents before children */
        CHECK_DONE(-ECANCELED, beside);
        CHECK_DONE(-ECANCELED, far_beside);
        go_ctx_free(beside);
        go_ctx_free(far_beside);
        go_ctx_free(at);
        go_ctx_free(below);
        CHECK_DONE(-ECANCELED, far);
        go_ctx_free(far);
    }
}

TEST(below_a_context_that_is_done_every_new_one_is_done_at_once)
{
    go_ctx *ctx = go_ctx_new(NULL), *below[3];

    go_ctx_cancel(ctx, -EIO);
    for (int kind = 0; kind < 3; kind++) {
        below[kind] = make_kind(ctx, kind);
        CHECK_DONE(-ECANCELED, below[kind]);
        CHECK_EQ(-EIO, go_ctx_cause(below[kind]));
    }
    for (int kind = 0; kind < 3; kind++)
        go_ctx_free(below[kind]);
    go_ctx_free(ctx);
}

TEST(the_last_free_cancels_what_is_below)
{
    go_ctx *ctx = go_ctx_new(NULL), *below = go_ctx_new(ctx);

    CHECK_PTR(ctx, go_ctx_hold(ctx));
    go_ctx_free(ctx);
    CHECK_NOT_DONE(ctx);
    CHECK_NOT_DONE(below);
    go_ctx_free(ctx);
    CHECK_DONE(-ECANCELED, below);
    go_ctx_free(below);
}

TEST(a_child_that_is_freed_leaves_its_parent_as_it_was)
{
    go_ctx *ctx = go_ctx_new(NULL), *children[10];
    long before = atomic_load(&live);

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 10; i++)
            children[i] = make_kind(ctx, i % 3);
        for (int i = 0; i < 10; i++) { /* out of order */
            if (i % 2)
                go_ctx_cancel(children[(i * 7 + round) % 10], 0);
            go_ctx_free(children[(i * 7 + round) % 10]);
        }
    }
    CHECK_GIVEN_BACK(before);
    CHECK_NOT_DONE(ctx);
    CHECK_EQ(1, go_ctx_cancel(ctx, 0));
    go_ctx_free(ctx);
}

TEST(all_memory_of_a_tree_comes_back_in_whatever_order_it_is_freed)
{
    long before = atomic_load(&live);

    for (int round = 0; round < 10 + SCALED(200); round++) {
        random_state r = random_seed(round);
        go_ctx *tree[30];

        for (int i = 0; i < 30; i++) {
            tree[i] = make_kind(i ? tree[random_below(&r, i)] : NULL, random_below(&r, 3));
            if (random_below(&r, 2))
                go_ctx_done(tree[i]);
            if (random_below(&r, 10) == 0)
                go_ctx_cancel(tree[random_below(&r, i + 1)], 0);
        }
        for (int n = 30; n > 0; n--) {
            int i = random_below(&r, n);

            go_ctx_free(tree[i]);
            tree[i] = tree[n - 1];
        }
        CHECK_GIVEN_BACK(before);
    }
}

TEST(where_memory_is_short_everything_that_makes_a_context_gives_null)
{
    go_ctx *ctx = go_ctx_new(NULL);

    atomic_store(&short_of_memory, true);
    go_ctx *made[] = {go_ctx_new(ctx), go_ctx_with_deadline(ctx, go_deadline(GO_SECOND)), go_ctx_with_value(ctx, &live, &live),
                      go_ctx_without_cancel(ctx)};
    go_ctx_after *after = go_ctx_after_func(ctx, free, NULL);
    go_chan *done = go_ctx_done(ctx);
    atomic_store(&short_of_memory, false);
    for (int i = 0; i < 4; i++)
        CHECK_PTR(NULL, made[i]);
    CHECK_PTR(NULL, after);
    CHECK_PTR(NULL, done);
    CHECK_NOT_DONE(ctx);
    go_ctx_free(ctx);
}

/* ---- big trees ---- */

TEST(a_deep_tree_ends_and_is_freed_on_a_small_stack)
{
    enum { DEEP = 100000 };
    int n = 100 + SCALED(DEEP);
    go_ctx **chain = test_alloc((size_t)n * sizeof *chain);
    long before = atomic_load(&live);

    for (int i = 0; i < n; i++)
        chain[i] = go_ctx_new(i ? chain[i - 1] : NULL);
    CHECK_EQ(1, go_ctx_cancel(chain[0], -EIO));
    CHECK_EQ(-EIO, go_ctx_cause(chain[n - 1]));
    for (int i = 0; i < n - 1; i++)
        go_ctx_free(chain[i]);
    CHECK_EQ(-ECANCELED, go_ctx_err(chain[n - 1]));
    go_ctx_free(chain[n - 1]); /* the last reference to all of them */
    CHECK_GIVEN_BACK(before);
}

TEST(a_wide_tree_ends_as_a_whole)
{
    enum { WIDE = 100000 };
    int n = 100 + SCALED(WIDE);
    go_ctx *top = go_ctx_new(NULL), **children = test_alloc((size_t)n * sizeof *children);

    for (int i = 0; i < n; i++)
        children[i] = go_ctx_new(i % 3 ? top : i ? children[i - 1] : top);
    CHECK_EQ(1, go_ctx_cancel(top, -EIO));
    for (int i = 0; i < n; i++) {
        CHECK_EQ(-EIO, go_ctx_cause(children[i]));
        go_ctx_free(children[i]);
    }
    go_ctx_free(top);
}

/* ---- values ---- */

TEST(a_value_is_that_of_the_nearest_ancestor_that_has_the_key)
{
    static const char key1, key2, key3;
    int one = 1, two = 2, other = 3;
    go_ctx *a = go_ctx_with_value(NULL, &key1, &one), *b = go_ctx_with_value(a, &key2, &two);
    go_ctx *c = go_ctx_new(b), *d = go_ctx_with_value(c, &key1, &other), *e = go_ctx_with_value(d, &key2, NULL);

    CHECK_PTR(&one, go_ctx_value(a, &key1));
    CHECK_PTR(NULL, go_ctx_value(a, &key2));
    CHECK_PTR(&one, go_ctx_value(c, &key1));
    CHECK_PTR(&two, go_ctx_value(c, &key2));
    CHECK_PTR(&other, go_ctx_value(d, &key1));
    CHECK_PTR(&two, go_ctx_value(d, &key2));
    CHECK_PTR(&other, go_ctx_value(e, &key1));
    CHECK_PTR(NULL, go_ctx_value(e, &key2)); /* it has one: NULL */
    CHECK_PTR(NULL, go_ctx_value(e, &key3));
    CHECK_PTR(NULL, go_ctx_value(e, NULL));
    go_ctx_free(a);
    go_ctx_free(b);
    CHECK_PTR(&two, go_ctx_value(c, &key2)); /* also when the ancestor's maker has freed it */
    go_ctx_free(c);
    go_ctx_free(d);
    go_ctx_free(e);
}

TEST(without_cancel_keeps_values_and_has_neither_end_nor_deadline_of_its_parent)
{
    go_ctx *parent = go_ctx_with_deadline(NULL, go_deadline(1000 * GO_SECOND));
    go_ctx *valued = go_ctx_with_value(parent, &live, &live), *free_one = go_ctx_without_cancel(valued),
           *below = go_ctx_new(free_one);

    CHECK_PTR(&live, go_ctx_value(below, &live));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(free_one));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(below));
    CHECK_EQ(1, go_ctx_cancel(parent, 0));
    CHECK_DONE(-ECANCELED, valued);
    CHECK_NOT_DONE(free_one);
    CHECK_NOT_DONE(below);
    go_ctx_free(parent);
    go_ctx_free(valued);
    CHECK_PTR(&live, go_ctx_value(below, &live));
    CHECK_EQ(1, go_ctx_cancel(free_one, -EIO)); /* but it may be cancelled itself */
    CHECK_EQ(-EIO, go_ctx_cause(below));
    go_ctx_free(below);
    go_ctx_free(free_one);
}

/* ---- deadlines ---- */

TEST(at_its_deadline_a_context_is_done_not_earlier_and_with_all_below)
{
    int64_t deadline = go_deadline(5 * GO_MILLISECOND);
    go_ctx *ctx = go_ctx_with_deadline(NULL, deadline), *below = go_ctx_new(ctx);

    CHECK_EQ(deadline, go_ctx_deadline(ctx));
    CHECK_EQ(deadline, go_ctx_deadline(below));
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(below), NULL));
    CHECK(go_now() >= deadline);
    CHECK_DONE(-ETIMEDOUT, ctx);
    CHECK_DONE(-ETIMEDOUT, below);
    CHECK_EQ(-ETIMEDOUT, go_ctx_cause(ctx));
    CHECK_EQ(-ETIMEDOUT, go_ctx_cause(below));
    CHECK_EQ(0, go_ctx_cancel(ctx, 0));
    go_ctx_free(below);
    go_ctx_free(ctx);
}

TEST(the_earlier_of_two_deadlines_counts)
{
    int64_t soon = go_deadline(5 * GO_MILLISECOND), late = go_deadline(1000 * GO_SECOND);
    go_ctx *a = go_ctx_with_deadline(NULL, soon), *b = go_ctx_with_deadline(a, late);
    go_ctx *c = go_ctx_with_deadline(NULL, late), *d = go_ctx_with_deadline(c, soon), *e = go_ctx_with_deadline(c, GO_FOREVER);

    CHECK_EQ(soon, go_ctx_deadline(b));
    CHECK_EQ(soon, go_ctx_deadline(d));
    CHECK_EQ(late, go_ctx_deadline(e));
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(b), NULL));
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(d), NULL));
    CHECK_DONE(-ETIMEDOUT, b);
    CHECK_DONE(-ETIMEDOUT, d);
    CHECK_NOT_DONE(c);
    CHECK_NOT_DONE(e);
    go_ctx *all[] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++)
        go_ctx_free(all[i]);
}

TEST(a_deadline_in_the_past_ends_a_context_at_once)
{
    static const int64_t past[] = {GO_NOW, 1, -1, INT64_MIN};

    for (int i = 0; i < 4; i++) {
        go_ctx *ctx = go_ctx_with_deadline(NULL, past[i]), *below = go_ctx_new(ctx);

        CHECK_EQ(-ETIMEDOUT, go_ctx_err(below));
        CHECK_EQ(-ETIMEDOUT, go_ctx_err(ctx));
        CHECK_DONE(-ETIMEDOUT, ctx);
        go_ctx_free(below);
        go_ctx_free(ctx);
    }
}

TEST(who_asks_first_after_the_deadline_sees_it)
{
    int64_t deadline = go_deadline(2 * GO_MILLISECOND);
    go_ctx *ctx = go_ctx_with_deadline(NULL, deadline), *below = go_ctx_new(ctx);

    while (go_now() < deadline)
        ;
    CHECK_EQ(-ETIMEDOUT, go_ctx_cause(below));
    CHECK_EQ(-ETIMEDOUT, go_ctx_err(ctx));
    go_ctx_free(below);
    go_ctx_free(ctx);
}

TEST(after_the_deadline_it_is_too_late_to_cancel)
{
    for (int i = 0; i < SCALED(100); i++) {
        int64_t deadline = go_deadline(20 * GO_MICROSECOND);
        go_ctx *ctx = go_ctx_with_deadline(NULL, deadline);

        while (go_now() < deadline)
            ;
        CHECK_EQ(0, go_ctx_cancel(ctx, -EIO));
        CHECK_EQ(-ETIMEDOUT, go_ctx_err(ctx));
        CHECK_EQ(-ETIMEDOUT, go_ctx_cause(ctx));
        go_ctx_free(ctx);
    }
}

TEST(cancelled_before_its_deadline_a_context_was_cancelled_also_later)
{
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);
    go_ctx *ctx = go_ctx_with_deadline(NULL, deadline), *below = go_ctx_new(ctx);

    bool in_time = go_ctx_cancel(ctx, 0) == 1;
    go_sleep_until(deadline + GO_MILLISECOND);
    CHECK_DONE(in_time ? -ECANCELED : -ETIMEDOUT, ctx);
    CHECK_DONE(in_time ? -ECANCELED : -ETIMEDOUT, below);
    go_ctx_free(below);
    go_ctx_free(ctx);
}

TEST(deadlines_that_meet_frees_and_cancels_leave_nothing_behind)
{
    long before = atomic_load(&live);

    for (int i = 0; i < 100 + SCALED(3000); i++) {
        go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(i % 50 * GO_MICROSECOND)), *below = go_ctx_new(ctx);

        if (i % 3 == 0)
            go_yield();
        if (i % 5 == 0)
            go_ctx_cancel(i % 2 ? ctx : below, 0);
        go_ctx_free(i % 2 ? ctx : below);
        go_ctx_free(i % 2 ? below : ctx);
    }
    EVENTUALLY(go_count() == 1);
    CHECK_GIVEN_BACK(before);
}

TEST(a_child_whose_deadline_has_passed_was_late_also_if_its_parent_is_cancelled_then)
{
    for (int i = 0; i < SCALED(100); i++) {
        int64_t deadline = go_deadline(20 * GO_MICROSECOND);
        go_ctx *parent = go_ctx_new(NULL), *child = go_ctx_with_deadline(parent, deadline), *below = go_ctx_new(child);

        CHECK_EQ(-ETIMEDOUT, go_sleep_ctx(child, GO_SECOND));
        CHECK_EQ(1, go_ctx_cancel(parent, -EIO));
        CHECK_EQ(-ETIMEDOUT, go_ctx_err(child));
        CHECK_EQ(-ETIMEDOUT, go_ctx_cause(child));
        CHECK_EQ(-ETIMEDOUT, go_ctx_err(below));
        CHECK_EQ(-ECANCELED, go_ctx_err(parent));
        CHECK_EQ(-EIO, go_ctx_cause(parent));
        go_ctx_free(below);
        go_ctx_free(child);
        go_ctx_free(parent);
    }
}

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

struct note {
    atomic_int calls;
    go_ctx *ctx;
};

static void count_call(void *arg)
{
    struct note *n = arg;

    CHECK(go_id() > 1); /* a goroutine of its own */
    if (n->ctx)
        CHECK_NE(0, go_ctx_err(n->ctx));
    atomic_fetch_add(&n->calls, 1);
}

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

/* ---- from several goroutines and threads ---- */

struct many {
    go_ctx *ctx;
    atomic_int firsts, causes[20];
};

static void cancel_with_own_cause(void *arg, int index)
{
    struct many *m = arg;

    if (go_ctx_cancel(m->ctx, -1 - index) == 1) {
        atomic_fetch_add(&m->firsts, 1);
        CHECK_EQ(-1 - index, go_ctx_cause(m->ctx));
    }
    CHECK_EQ(-ECANCELED, go_ctx_err(m->ctx));
    atomic_store(&m->causes[index], go_ctx_cause(m->ctx));
}

TEST(of_many_who_cancel_at_the_same_time_one_is_the_first_and_its_cause_is_seen_by_all)
{
    for (int round = 0; round < SCALED(300); round++) {
        struct many *m = test_alloc(sizeof *m);
        struct crew *threads;

        m->ctx = go_ctx_new(NULL);
        threads = crew_start_threads(round % 4 == 0 ? 2 : 0, cancel_with_own_cause, m);
        crew_run(18, cancel_with_own_cause, m);
        crew_wait(threads);
        CHECK_EQ(1, atomic_load(&m->firsts));
        for (int i = round % 4 == 0 ? 0 : 2; i < 18; i++)
            CHECK_EQ(go_ctx_cause(m->ctx), atomic_load(&m->causes[i]));
        go_ctx_free(m->ctx);
    }
}

/* Each of two trees ends the other, from an after-function and below. */
static void cancel_context(void *arg)
{
    go_ctx_cancel(arg, 0);
}

TEST(two_contexts_that_cancel_each_other_both_end)
{
    for (int round = 0; round < SCALED(500); round++) {
        go_ctx *parent = go_ctx_new(NULL), *a = go_ctx_new(parent), *b = go_ctx_new(parent);
        go_ctx_after *on_a = go_ctx_after_func(a, cancel_context, b), *on_b = go_ctx_after_func(b, cancel_context, parent);
        go_ctx_after *on_parent = go_ctx_after_func(parent, cancel_context, a);

        go_ctx_cancel(round % 3 == 0 ? parent : round % 3 == 1 ? a : b, 0);
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(a), NULL));
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(b), NULL));
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(parent), NULL));
        go_ctx_after_stop(on_a);
        go_ctx_after_stop(on_b);
        go_ctx_after_stop(on_parent);
        EVENTUALLY(go_count() == 1);
        go_ctx_free(a);
        go_ctx_free(b);
        go_ctx_free(parent);
    }
}

static void come_and_go_below(void *arg, int index)
{
    go_ctx *top = arg;

    for (int i = 0; i < SCALED(500); i++) {
        go_ctx *a = make_kind(top, i % 3), *b = make_kind(a, (i + index) % 3);

        go_ctx_hold(top);
        if (i % 4 == 0)
            go_ctx_done(b);
        if (i % 7 == 0)
            go_ctx_cancel(a, 0);
        if (i % 7 == 0)
            CHECK_EQ(-ECANCELED, go_ctx_err(b));
        go_ctx_free(i % 2 ? a : b);
        go_ctx_free(i % 2 ? b : a);
        go_ctx_free(top);
    }
    go_ctx_free(top);
}

TEST(children_come_and_go_from_many_goroutines_and_threads_while_the_parent_ends)
{
    for (int round = 0; round < 4; round++) {
        go_ctx *top = go_ctx_new(NULL);
        struct crew *goroutines, *threads;

        go_maxprocs(round % 2 ? 4 : 2);
        for (int i = 0; i < 8; i++)
            go_ctx_hold(top);
        goroutines = crew_start(6, come_and_go_below, top);
        threads = crew_start_threads(2, come_and_go_below, top);
        test_settle();
        CHECK_EQ(0, go_ctx_err(top));
        if (round >= 2)
            CHECK_EQ(1, go_ctx_cancel(top, 0));
        crew_wait(goroutines);
        crew_wait(threads);
        CHECK_EQ(round >= 2 ? -ECANCELED : 0, go_ctx_err(top));
        go_ctx_free(top);
    }
}

/* Layers of contexts of all kinds, ended at a random place or by a deadline: values stay, each layer below is done. */
static void check_layers(int seed, bool by_deadline)
{
    enum { LAYERS = 30 };
    static const char keys[LAYERS];
    random_state r = random_seed(seed);
    go_ctx *layer[LAYERS];
    int deadline_at = LAYERS;

    for (int i = 0; i < LAYERS; i++) {
        go_ctx *parent = i ? layer[i - 1] : NULL;

        switch (random_below(&r, by_deadline ? 3 : 2)) {
        case 0:
            layer[i] = go_ctx_new(parent);
            break;
        case 1:
            layer[i] = go_ctx_with_value(parent, &keys[i], layer);
            break;
        default:
            layer[i] = go_ctx_with_deadline(parent, go_deadline(2 * GO_MILLISECOND));
            deadline_at = i < deadline_at ? i : deadline_at;
        }
    }
    int at = by_deadline ? deadline_at : random_below(&r, LAYERS);
    int error = by_deadline ? -ETIMEDOUT : -ECANCELED;
    if (!by_deadline)
        go(cancel_context, layer[at]);
    for (int i = LAYERS - 1; i >= at && at < LAYERS; i--) {
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(layer[i]), NULL));
        CHECK_EQ(error, go_ctx_err(layer[i]));
    }
    for (int i = 0; i < at; i++)
        CHECK_NOT_DONE(layer[i]);
    EVENTUALLY(go_count() == 1);
    for (int i = 0; i < LAYERS; i++)
        go_ctx_free(layer[i]);
}

TEST(layers_of_contexts_end_from_where_one_is_cancelled_downwards)
{
    for (int i = 0; i < SCALED(100); i++)
        check_layers(i, false);
}

TEST(layers_of_contexts_end_from_where_a_deadline_passes_downwards)
{
    for (int i = 0; i < SCALED(20); i++)
        check_layers(i, true);
}

static void see_closed_then_ask(void *arg, int index)
{
    struct many *m = arg;

    (void)index;
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(m->ctx), NULL));
    CHECK_EQ(-ECANCELED, go_ctx_err(m->ctx));
}

TEST(once_the_done_channel_is_closed_the_error_is_there)
{
    for (int i = 0; i < SCALED(2000); i++) {
        struct many *m = test_alloc(sizeof *m);
        struct crew *crew;

        m->ctx = go_ctx_new(NULL);
        crew = crew_start(4, see_closed_then_ask, m);
        go_ctx_cancel(m->ctx, 0);
        crew_wait(crew);
        go_ctx_free(m->ctx);
    }
}

static void all_calls(void *arg, int index)
{
    struct note *n = arg;
    go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND)), *v = go_ctx_with_value(ctx, &live, n);

    (void)index;
    CHECK_PTR(n, go_ctx_value(v, &live));
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(v), NULL));
    CHECK_EQ(-ETIMEDOUT, go_ctx_err(v));
    CHECK_EQ(0, go_ctx_after_stop(go_ctx_after_func(v, count_call, n)));
    go_ctx_free(v);
    go_ctx_free(ctx);
}

TEST(plain_threads_make_and_end_contexts_too)
{
    struct note *n = test_alloc(sizeof *n);

    crew_wait(crew_start_threads(4, all_calls, n));
    EVENTUALLY(atomic_load(&n->calls) == 4);
}
