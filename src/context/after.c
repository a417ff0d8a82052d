/* Functions that run when a context is done. Each belongs to two: the context's list or, later, the goroutine that runs it; and
 * whoever asked for it. The second of them to let go frees it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "arch/arch.h"
#include "context/context.h"

struct go_ctx_after {
    void (*fn)(void *);
    void *arg;
    go_ctx *ctx; /* referred to */
    _Atomic uint32_t owners;
    uintptr_t creator_pc;

    /* Under the context's lock. */
    bool listed;
    struct go_ctx_after *next, *prev;
};

static void let_go(go_ctx_after *after)
{
    if (add_ordered(&after->owners, -1u) != 1)
        return;
    ctx_drop(after->ctx);
    sched_free(after);
}

static void run(void *arg)
{
    go_ctx_after *after = arg;
    void (*fn)(void *) = after->fn;
    void *argument = after->arg;
    let_go(after);
    fn(argument);
}

void ctx_start_afters(go_ctx_after *first)
{
    while (first) {
        go_ctx_after *after = first;
        first = after->next;
        if (sched_spawn(run, after, after->creator_pc) != 0)
            run(after); /* no memory for a goroutine: then here and now */
    }
}

/* True if it is in the context's list, false if the context is done. */
static bool list(go_ctx_after *after)
{
    go_ctx *ctx = after->ctx;
    lock_take(&ctx->lock);
    after->listed = !load_relaxed(&ctx->err);
    if (after->listed) {
        after->next = ctx->afters;
        if (after->next)
            after->next->prev = after;
        ctx->afters = after;
    }
    lock_drop(&ctx->lock);
    return after->listed;
}

/* True if it was still in the list. */
static bool unlist(go_ctx_after *after)
{
    go_ctx *ctx = after->ctx;
    lock_take(&ctx->lock);
    bool waiting = after->listed && !load_relaxed(&ctx->err);
    if (waiting) {
        if (after->prev)
            after->prev->next = after->next;
        else
            ctx->afters = after->next;
        if (after->next)
            after->next->prev = after->prev;
    }
    lock_drop(&ctx->lock);
    return waiting;
}

go_ctx_after *go_ctx_after_func(go_ctx *ctx, void (*fn)(void *), void *arg)
{
    if (!fn || sched_ensure() != 0)
        return NULL;
    go_ctx_after *after = sched_alloc(sizeof *after);
    if (!after)
        return NULL;
    *after = (go_ctx_after){.fn = fn, .arg = arg, .ctx = ctx_of(ctx), .creator_pc = (uintptr_t)ARCH_RETURN_ADDRESS()};
    store_relaxed(&after->owners, 2);
    ctx_refer(after->ctx);
    if (!list(after))
        ctx_start_afters(after);
    return after;
}

int go_ctx_after_stop(go_ctx_after *after)
{
    if (!after)
        return -EINVAL;
    bool stopped = unlist(after);
    if (stopped)
        let_go(after);
    let_go(after);
    return stopped;
}
