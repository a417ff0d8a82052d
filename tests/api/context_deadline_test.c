/* Deadlines of contexts: kept, inherited, and decided once where a cancel meets them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contexts.h"

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
