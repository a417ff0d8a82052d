/* What context.h promises of calls that take a context. Each is tried with a context that is done, with one that is cancelled or
 * passes its deadline while the call waits, and with one that is not done. A wait that ended so takes nothing along: no element, no
 * permit, no lock, no signal, no connection. (The calls: tests/ops.h. Under load: stress/context_storm.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "ops.h"

static void check_done_already(const struct op *op, struct world *w)
{
    go_ctx *cancelled = go_ctx_new(NULL), *late = go_ctx_with_deadline(NULL, 1);

    go_ctx_cancel(cancelled, -EIO);
    CHECK_OP(-ECANCELED, op->call(cancelled, w), op);
    CHECK_OP(-ETIMEDOUT, op->call(late, w), op);
    go_ctx_free(cancelled);
    go_ctx_free(late);
}

static void check_cancelled(const struct op *op, struct world *w, bool on_thread)
{
    go_ctx *above = go_ctx_new(NULL), *ctx = go_ctx_new(above);
    struct crew *thread = NULL;
    struct op_call *c = op_start(op, ctx, w, on_thread ? &thread : NULL);

    go_ctx_cancel(above, -EIO);
    op_end(c, thread, -ECANCELED);
    go_ctx_free(ctx);
    go_ctx_free(above);
}

static void check_deadline(const struct op *op, struct world *w, bool on_thread)
{
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);
    go_ctx *above = go_ctx_with_deadline(NULL, deadline), *ctx = go_ctx_new(above);
    struct op_call *c = op_new(op, ctx, w);
    struct crew *thread = NULL;

    if (on_thread)
        thread = crew_start_threads(1, op_make, c);
    else
        op_make(c, 0);
    op_end(c, thread, -ETIMEDOUT);
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_ctx_err(ctx));
    go_ctx_free(ctx);
    go_ctx_free(above);
}

/* All that was given up took nothing and left nothing: who is served now gets it, once. */
static void check_served(const struct op *op, struct world *w, bool on_thread)
{
    go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(1000 * GO_SECOND)), *soon;
    struct crew *thread = NULL;
    struct op_call *c = op_start(op, ctx, w, on_thread ? &thread : NULL);

    while (!atomic_load(&c->done)) {
        op->serve(w);
        if (op->served != ONLY_WHO_WAITS || !on_thread)
            break;
        go_yield(); /* a thread that has not begun to wait misses a signal */
    }
    op_end(c, thread, op->gives);
    CHECK_EQ(0, go_ctx_err(ctx));
    if (op->served == ONCE) {
        soon = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND));
        CHECK_OP(-ETIMEDOUT, op->call(soon, w), op);
        go_ctx_free(soon);
    }
    go_ctx_free(ctx);
}

TEST(a_call_with_a_context_that_is_done_gives_its_error_where_it_would_wait)
{
    struct world *w = world_new();

    for (int i = 0; i < OPS; i++)
        check_done_already(&ops[i], w);
    world_free(w);
}

TEST(a_call_with_a_context_that_is_done_does_nothing_else_also_where_it_need_not_wait)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = world_new();

        if (ops[i].served == ONCE || ops[i].served == FOR_GOOD) {
            ops[i].serve(w);
            check_done_already(&ops[i], w);
            CHECK_OP(ops[i].gives, ops[i].call(go_ctx_background(), w), &ops[i]); /* it was left there */
        }
        world_free(w);
    }
}

static void interrupt_then_serve(void (*interrupt)(const struct op *, struct world *, bool), bool on_thread)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = world_new();

        interrupt(&ops[i], w, on_thread);
        interrupt(&ops[i], w, on_thread);
        if (ops[i].serve)
            check_served(&ops[i], w, on_thread);
        world_free(w);
    }
}

TEST(a_call_that_waits_ends_when_its_context_is_cancelled_and_takes_nothing)
{
    interrupt_then_serve(check_cancelled, false);
}

TEST(a_call_that_waits_ends_at_the_deadline_of_its_context_and_takes_nothing)
{
    interrupt_then_serve(check_deadline, false);
}

TEST(a_call_of_a_plain_thread_ends_when_its_context_is_cancelled)
{
    interrupt_then_serve(check_cancelled, true);
}

TEST(a_call_of_a_plain_thread_ends_at_the_deadline_of_its_context)
{
    interrupt_then_serve(check_deadline, true);
}

TEST(without_a_context_a_call_waits_as_the_one_without_ctx)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = world_new();

        if (ops[i].serve) {
            struct op_call *c = op_start(&ops[i], i % 2 ? NULL : go_ctx_background(), w, NULL);

            ops[i].serve(w);
            op_end(c, NULL, ops[i].gives);
        }
        world_free(w);
    }
}

/* After a call has ended, its context has no say in what its goroutine does next. */
TEST(a_context_ends_no_other_calls_of_its_goroutine)
{
    struct world *w = world_new();
    go_ctx *ctx = go_ctx_new(NULL);
    go_chan *c = test_chan(0, 0);

    CHECK_EQ(0, go_sleep_ctx(ctx, 1));
    go_ctx_cancel(ctx, 0);
    CHECK_EQ(-ECANCELED, go_recv_ctx(ctx, w->empty, NULL));
    CHECK_EQ(-ETIMEDOUT, go_recv_until(c, NULL, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&w->held, go_deadline(GO_MILLISECOND)));
    go_ctx_free(ctx);
    world_free(w);
}
