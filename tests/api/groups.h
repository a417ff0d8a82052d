/* What the tests of groups and scopes share: members that wait at a gate, or fail, and what they count.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_GROUPS_H
#define TEST_API_GROUPS_H

#include "test.h"

struct shared {
    go_group *group;
    go_chan *gate;
    atomic_int begun, ended, running, most, cancelled;
    int error;
};

static inline struct shared *new_shared(go_ctx *parent, int limit)
{
    struct shared *s = test_alloc(sizeof *s);

    s->group = go_group_new(parent, limit);
    s->gate = test_chan(0, 0);
    CHECK(s->group != NULL);
    return s;
}

/* Waits for the gate or the end of the context, and gives the latter's error. */
static inline int wait_at_gate(go_ctx *ctx, void *arg)
{
    struct shared *s = arg;
    int result;

    atomic_fetch_add(&s->begun, 1);
    result = go_recv_ctx(ctx, s->gate, NULL);
    if (result == -ECANCELED || result == -ETIMEDOUT)
        atomic_fetch_add(&s->cancelled, 1);
    else
        result = 0;
    atomic_fetch_add(&s->ended, 1);
    return result;
}

static inline int fail_at_once(go_ctx *ctx, void *arg)
{
    (void)ctx;
    return ((struct shared *)arg)->error;
}

#endif
