/* What the tests of contexts share: whether one is done, kinds of them, and functions that count how often they ran.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_CONTEXTS_H
#define TEST_API_CONTEXTS_H

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

static int some_key; /* and its value */

/* Kinds of contexts between the one that is cancelled and the one that is looked at. */
static inline go_ctx *make_kind(go_ctx *parent, int kind)
{
    switch (kind) {
    case 0:
        return go_ctx_new(parent);
    case 1:
        return go_ctx_with_value(parent, &some_key, &some_key);
    default:
        return go_ctx_with_deadline(parent, go_deadline(1000 * GO_SECOND));
    }
}

/* For an after-function. */
struct note {
    atomic_int calls;
    go_ctx *ctx;
};

static inline void count_call(void *arg)
{
    struct note *n = arg;

    CHECK(go_id() > 1); /* a goroutine of its own */
    if (n->ctx)
        CHECK_NE(0, go_ctx_err(n->ctx));
    atomic_fetch_add(&n->calls, 1);
}

#endif
