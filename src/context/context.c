/* The tree of contexts.
 *
 * Each holds a reference to its parent, and stands in its parent's list of children until it is freed or the parent is done. To end
 * one is to end all below it, one after the other by a list instead of by recursion, so that the depth of the tree does not matter.
 * Locks are never nested: a child that is to be ended is taken off its parent's list, and referred to, under the parent's lock, and
 * ended after.
 *
 * SPDX-License-Identifier: MIT
 */
#include "context/context.h"

#include <errno.h>

/* Where no goroutine can be started just now, the deadline is seen to a little later. */
#define SPAWN_RETRY 1000000

static go_ctx background = {.users = 1, .refs = 1, .deadline = GO_FOREVER};

go_ctx *ctx_of(go_ctx *ctx)
{
    return ctx ? ctx : &background;
}

go_ctx *go_ctx_background(void)
{
    return &background;
}

/* ---- references ---- */

void ctx_refer(go_ctx *ctx)
{
    add_relaxed(&ctx->refs, 1);
}

/* The last reference to a child may be the last but one to its parent, and so on up. */
void ctx_drop(go_ctx *ctx)
{
    while (ctx && add_ordered(&ctx->refs, -1u) == 1) {
        go_ctx *parent = ctx->parent;
        go_chan_free(ctx->done);
        sched_free(ctx);
        ctx = parent;
    }
}

/* ---- ending ---- */

/* What ending one context leaves to be done, after its lock is dropped. */
struct below {
    go_ctx *children; /* referred to, linked by next */
    struct go_ctx_after *afters;
    go_chan *done;
};

/* Under the lock. */
static struct below take_below(go_ctx *ctx)
{
    struct below b = {.children = ctx->children, .afters = ctx->afters, .done = ctx->done};
    for (go_ctx *child = b.children; child; child = child->next) {
        ctx_refer(child);
        child->listed = false;
    }
    ctx->children = NULL;
    ctx->afters = NULL;
    return b;
}

static void stop_timer(go_ctx *ctx)
{
    if (ctx->timed && timer_disarm(&ctx->timer))
        ctx_drop(ctx);
}

/* Gives its children, to be ended by the caller; *first: it was not done before. If its deadline has passed it was that, as calls
 * may have said already. */
static go_ctx *end_one(go_ctx *ctx, int32_t err, int32_t cause, int64_t now, bool *first)
{
    struct below b = {NULL, NULL, NULL};
    if (ctx->deadline <= now)
        err = cause = -ETIMEDOUT;
    lock_take(&ctx->lock);
    *first = !load_relaxed(&ctx->err);
    if (*first) {
        ctx->cause = cause;
        store_release(&ctx->err, err); /* partner: go_ctx_err and go_ctx_cause */
        b = take_below(ctx);
    }
    lock_drop(&ctx->lock);
    if (!*first)
        return NULL;
    if (b.done)
        go_chan_close(b.done);
    canceller_fire(&ctx->canceller, err);
    ctx_start_afters(b.afters);
    stop_timer(ctx);
    return b.children;
}

static go_ctx **end_of(go_ctx **list)
{
    while (*list)
        list = &(*list)->next;
    return list;
}

bool ctx_end(go_ctx *ctx, int32_t err, int32_t cause)
{
    bool first, ignored;
    int64_t now = sched_now();
    go_ctx *pending = end_one(ctx, err, cause, now, &first);
    while (pending) {
        go_ctx *child = pending;
        pending = child->next;
        go_ctx *more = end_one(child, err, cause, now, &ignored);
        *end_of(&more) = pending;
        pending = more;
        ctx_drop(child);
    }
    return first;
}

/* ---- making ---- */

/* Into the parent's list; what the parent has ended with, or 0. */
static int32_t follow(go_ctx *ctx, int32_t *cause)
{
    go_ctx *parent = ctx->parent;
    lock_take(&parent->lock);
    int32_t err = load_relaxed(&parent->err);
    *cause = parent->cause;
    if (!err) {
        ctx->listed = true;
        ctx->prev = NULL;
        ctx->next = parent->children;
        if (ctx->next)
            ctx->next->prev = ctx;
        parent->children = ctx;
    }
    lock_drop(&parent->lock);
    return err;
}

static void unfollow(go_ctx *ctx)
{
    go_ctx *parent = ctx->parent;
    lock_take(&parent->lock);
    if (ctx->listed) {
        if (ctx->prev)
            ctx->prev->next = ctx->next;
        else
            parent->children = ctx->next;
        if (ctx->next)
            ctx->next->prev = ctx->prev;
        ctx->listed = false;
    }
    lock_drop(&parent->lock);
}

static go_ctx *make(go_ctx *parent, bool follows)
{
    parent = ctx_of(parent);
    if (sched_ensure() != 0)
        return NULL;
    go_ctx *ctx = sched_alloc(sizeof *ctx);
    if (!ctx)
        return NULL;
    sched_zero(ctx, sizeof *ctx);
    store_relaxed(&ctx->users, 1);
    store_relaxed(&ctx->refs, 1);
    ctx_refer(parent);
    ctx->parent = parent;
    ctx->follows = follows && parent != &background;
    ctx->deadline = follows ? parent->deadline : GO_FOREVER;
    return ctx;
}

/* The last step: from here on others may end it. */
static go_ctx *join(go_ctx *ctx)
{
    int32_t cause, err = ctx->follows ? follow(ctx, &cause) : 0;
    if (err)
        ctx_end(ctx, err, cause);
    return ctx;
}

go_ctx *go_ctx_new(go_ctx *parent)
{
    go_ctx *ctx = make(parent, true);
    return ctx ? join(ctx) : NULL;
}

go_ctx *go_ctx_with_value(go_ctx *parent, const void *key, void *value)
{
    go_ctx *ctx = make(parent, true);
    if (!ctx)
        return NULL;
    ctx->key = key;
    ctx->value = value;
    return join(ctx);
}

go_ctx *go_ctx_without_cancel(go_ctx *parent)
{
    return make(parent, false);
}

/* ---- the deadline ---- */

static void end_by_deadline(void *arg)
{
    go_ctx *ctx = arg;
    ctx_end(ctx, -ETIMEDOUT, -ETIMEDOUT);
    ctx_drop(ctx);
}

static int64_t deadline_fires(struct timer *timer, int64_t now)
{
    go_ctx *ctx = container_of(timer, go_ctx, timer);
    return sched_spawn(end_by_deadline, ctx, (uintptr_t)deadline_fires) == 0 ? TIME_NEVER : now + SPAWN_RETRY;
}

go_ctx *go_ctx_with_deadline(go_ctx *parent, int64_t deadline)
{
    go_ctx *ctx = make(parent, true);
    if (!ctx)
        return NULL;
    ctx->timed = deadline < ctx->deadline;
    if (!ctx->timed)
        return join(ctx);
    ctx->deadline = deadline;
    ctx->timer.fire = deadline_fires;
    ctx_refer(ctx);
    timer_arm(&ctx->timer, deadline, false);
    return join(ctx);
}

/* ---- the face ---- */

int go_ctx_cancel(go_ctx *ctx, int cause)
{
    if (!ctx || ctx == &background || cause > 0)
        return -EINVAL;
    return ctx_end(ctx, -ECANCELED, cause ? cause : -ECANCELED) && load_relaxed(&ctx->err) == -ECANCELED;
}

go_ctx *go_ctx_hold(go_ctx *ctx)
{
    if (ctx && ctx != &background)
        add_relaxed(&ctx->users, 1);
    return ctx;
}

void go_ctx_free(go_ctx *ctx)
{
    if (!ctx || ctx == &background || add_ordered(&ctx->users, -1u) != 1)
        return;
    ctx_end(ctx, -ECANCELED, -ECANCELED);
    if (ctx->follows)
        unfollow(ctx);
    ctx_drop(ctx);
}

/* A call may have ended by the deadline before the goroutine that sees to it has run. */
int go_ctx_err(go_ctx *ctx)
{
    ctx = ctx_of(ctx);
    int err = load_acquire(&ctx->err);
    if (!err && ctx->deadline != GO_FOREVER && deadline_passed(ctx->deadline)) {
        ctx_end(ctx, -ETIMEDOUT, -ETIMEDOUT);
        err = load_acquire(&ctx->err);
    }
    return err;
}

int go_ctx_cause(go_ctx *ctx)
{
    ctx = ctx_of(ctx);
    return go_ctx_err(ctx) ? ctx->cause : 0;
}

int64_t go_ctx_deadline(const go_ctx *ctx)
{
    return ctx ? ctx->deadline : GO_FOREVER;
}

void *go_ctx_value(const go_ctx *ctx, const void *key)
{
    for (; ctx; ctx = ctx->parent) {
        if (key && ctx->key == key)
            return ctx->value;
    }
    return NULL;
}

/* Two may make it at the same time: the second one's is dropped. */
static go_chan *make_done(go_ctx *ctx)
{
    go_chan *made = go_chan_new(0, 0);
    if (!made)
        return NULL;
    lock_take(&ctx->lock);
    bool mine = !ctx->done;
    if (mine)
        ctx->done = made;
    go_chan *done = ctx->done;
    bool ended = load_relaxed(&ctx->err);
    lock_drop(&ctx->lock);
    if (!mine)
        go_chan_free(made);
    else if (ended)
        go_chan_close(done);
    return done;
}

go_chan *go_ctx_done(go_ctx *ctx)
{
    if (!ctx || ctx == &background)
        return NULL;
    go_ctx_err(ctx);
    lock_take(&ctx->lock);
    go_chan *done = ctx->done;
    lock_drop(&ctx->lock);
    return done ? done : make_done(ctx);
}
