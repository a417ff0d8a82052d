/* The inside of a context, and how a call is made to end with one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONTEXT_CONTEXT_H
#define CONTEXT_CONTEXT_H

#include "sched/sched.h"

#include "goroutine/context.h"

struct go_ctx {
    struct canceller canceller; /* fired once it is done */
    struct lock lock;
    _Atomic uint32_t users; /* go_ctx_free calls to come; all together hold one reference */
    _Atomic uint32_t refs;  /* of the users, each child, the timer, each after-function, and who ends it */

    /* Fixed. */
    go_ctx *parent; /* referred to; NULL: the background */
    int64_t deadline;
    const void *key;
    void *value;
    bool follows; /* its parent: may be in the parent's list */
    bool timed;   /* the deadline is its own */
    struct timer timer;

    /* Under the lock. */
    _Atomic int32_t err; /* 0: not done; written once, after the cause; also read without */
    int32_t cause;
    go_chan *done; /* made when it is first asked for */
    go_ctx *children;
    struct go_ctx_after *afters;

    /* Under the parent's lock: its place in the list there. */
    bool listed;
    go_ctx *next, *prev;
};

/* The context that a caller names: NULL is the background. */
go_ctx *ctx_of(go_ctx *ctx);

/* Makes it and all below it done; false: it was. */
bool ctx_end(go_ctx *ctx, int32_t err, int32_t cause);

void ctx_refer(go_ctx *ctx);
void ctx_drop(go_ctx *ctx);

/* Starts what has been taken off a context's list, linked by next. (after.c) */
void ctx_start_afters(struct go_ctx_after *first);

/* ---- a call that ends with a context ---- */

struct ctx_call {
    int64_t deadline; /* the context's */
    struct canceller *before;
};

/* 0, or why the call is not to be made at all. In between the caller's waits end with the context. */
int ctx_call_begin(struct ctx_call *call, go_ctx *ctx);
void ctx_call_end(const struct ctx_call *call);

/* The result of `made`, a call in which `deadline` stands for the context's. */
#define WITHIN(ctx, made)                                                                                                          \
    ({                                                                                                                             \
        struct ctx_call within;                                                                                                    \
        ptrdiff_t result = ctx_call_begin(&within, ctx);                                                                           \
        if (!result) {                                                                                                             \
            int64_t deadline = within.deadline;                                                                                    \
            result = made;                                                                                                         \
            ctx_call_end(&within);                                                                                                 \
        }                                                                                                                          \
        result;                                                                                                                    \
    })

#endif
