/* The forms of blocking calls that end with a context: the calls themselves know nothing of it. They get its deadline, and each
 * wait below them finds its canceller with the goroutine.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "context/context.h"

#include "goroutine/time.h"

int ctx_call_begin(struct ctx_call *call, go_ctx *ctx)
{
    ctx = ctx_of(ctx);
    int err = go_ctx_err(ctx);
    if (err)
        return err;
    call->deadline = ctx->deadline;
    /* The background's would only be a lock for all. */
    call->before = sched_use_canceller(ctx == go_ctx_background() ? NULL : &ctx->canceller);
    return 0;
}

void ctx_call_end(const struct ctx_call *call)
{
    sched_use_canceller(call->before);
}

int go_send_ctx(go_ctx *ctx, go_chan *c, const void *elem)
{
    return (int)WITHIN(ctx, go_send_until(c, elem, deadline));
}

int go_recv_ctx(go_ctx *ctx, go_chan *c, void *elem)
{
    return (int)WITHIN(ctx, go_recv_until(c, elem, deadline));
}

int go_select_ctx(go_ctx *ctx, struct go_case *cases, int n)
{
    return (int)WITHIN(ctx, go_select_until(cases, n, deadline));
}

int go_mutex_lock_ctx(go_ctx *ctx, go_mutex *m)
{
    return (int)WITHIN(ctx, go_mutex_lock_until(m, deadline));
}

int go_rwmutex_lock_ctx(go_ctx *ctx, go_rwmutex *rw)
{
    return (int)WITHIN(ctx, go_rwmutex_lock_until(rw, deadline));
}

int go_rwmutex_rlock_ctx(go_ctx *ctx, go_rwmutex *rw)
{
    return (int)WITHIN(ctx, go_rwmutex_rlock_until(rw, deadline));
}

int go_cond_wait_ctx(go_ctx *ctx, go_cond *c, go_mutex *m)
{
    return (int)WITHIN(ctx, go_cond_wait_until(c, m, deadline));
}

int go_waitgroup_wait_ctx(go_ctx *ctx, go_waitgroup *wg)
{
    return (int)WITHIN(ctx, go_waitgroup_wait_until(wg, deadline));
}

int go_sem_acquire_ctx(go_ctx *ctx, go_sem *s, int n)
{
    return (int)WITHIN(ctx, go_sem_acquire_until(s, n, deadline));
}

int go_group_wait_ctx(go_ctx *ctx, go_group *group)
{
    return (int)WITHIN(ctx, go_group_wait_until(group, deadline));
}

/* To sleep until a deadline is what was asked for; to be woken by the context's is not. */
int go_sleep_ctx(go_ctx *ctx, int64_t ns)
{
    struct ctx_call call;
    int result = ctx_call_begin(&call, ctx);
    if (result)
        return result;
    int64_t until = go_deadline(ns > 0 ? ns : 0);
    result = go_sleep_until(until < call.deadline ? until : call.deadline);
    ctx_call_end(&call);
    return result || until <= call.deadline ? result : -ETIMEDOUT;
}
