/* A context that a signal of the process ends.
 *
 * A goroutine waits for the signal, with the context itself; whichever comes first, it stops asking for the signal. Where the
 * signal does, it stops before it tells: who knows of the first one may count on what a second one does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "context/context.h"

#include "goroutine/signal.h"

struct watch {
    go_ctx *ctx; /* referred to */
    go_chan *arrivals;
};

static void forget(struct watch *w)
{
    go_signal_stop(w->arrivals);
    go_chan_free(w->arrivals);
    ctx_drop(w->ctx);
    sched_free(w);
}

static void watch(void *arg)
{
    struct watch *w = arg;
    int signal;
    if (go_recv_ctx(w->ctx, w->arrivals, &signal) == 0) {
        go_signal_stop(w->arrivals);
        go_ctx_cancel(w->ctx, 0);
    }
    forget(w);
}

static int start(go_ctx *ctx, const int *signals, int n)
{
    struct watch *w = sched_alloc(sizeof *w);
    if (!w)
        return -ENOMEM;
    ctx_refer(ctx);
    *w = (struct watch){.ctx = ctx, .arrivals = go_chan_new(sizeof(int), 1)};
    int error = w->arrivals ? go_signal_notify(w->arrivals, signals, n) : -ENOMEM;
    if (!error)
        error = sched_spawn_own("signals", watch, w);
    if (error)
        forget(w);
    return error;
}

go_ctx *go_ctx_with_signals(go_ctx *parent, const int *signals, int n)
{
    go_ctx *ctx = go_ctx_new(parent);
    if (ctx && start(ctx, signals, n) != 0) {
        go_ctx_free(ctx);
        return NULL;
    }
    return ctx;
}
