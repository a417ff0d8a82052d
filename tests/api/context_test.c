/* What context.h promises of contexts themselves: the tree, its ends and their causes, values. (Their deadlines, memory, what is
 * told of an end, many at once: the other context_ tests. Waiting with them: context_calls_test.c; groups: group_test.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "contexts.h"

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
    CHECK_PTR(NULL, go_ctx_value(b, &some_key));
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
    CHECK_PTR(NULL, go_ctx_value(NULL, &some_key));
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
    go_ctx *valued = go_ctx_with_value(parent, &some_key, &some_key), *free_one = go_ctx_without_cancel(valued),
           *below = go_ctx_new(free_one);

    CHECK_PTR(&some_key, go_ctx_value(below, &some_key));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(free_one));
    CHECK_EQ(GO_FOREVER, go_ctx_deadline(below));
    CHECK_EQ(1, go_ctx_cancel(parent, 0));
    CHECK_DONE(-ECANCELED, valued);
    CHECK_NOT_DONE(free_one);
    CHECK_NOT_DONE(below);
    go_ctx_free(parent);
    go_ctx_free(valued);
    CHECK_PTR(&some_key, go_ctx_value(below, &some_key));
    CHECK_EQ(1, go_ctx_cancel(free_one, -EIO)); /* but it may be cancelled itself */
    CHECK_EQ(-EIO, go_ctx_cause(below));
    go_ctx_free(below);
    go_ctx_free(free_one);
}
