/* The memory of contexts: all of a tree comes back, whatever is freed, cancelled or late first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contexts.h"
#include "counted.h"
#include "random.h"

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

TEST(where_memory_is_short_everything_that_makes_a_context_gives_null)
{
    go_ctx *ctx = go_ctx_new(NULL);

    atomic_store(&short_of_memory, true);
    go_ctx *made[] = {go_ctx_new(ctx), go_ctx_with_deadline(ctx, go_deadline(GO_SECOND)),
                      go_ctx_with_value(ctx, &some_key, &some_key), go_ctx_without_cancel(ctx)};
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
