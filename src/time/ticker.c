/* Tickers: the time, again and again, for who is fast enough to take it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chan/chan.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/time.h"

struct go_ticker {
    struct timer timer;
    struct lock lock; /* one stop or reset at a time */
    go_chan *chan;
    int64_t period, next; /* not changed while armed, but by the timer itself */
};

/* The first moment of the grid that is still to come: ticks that nobody could have seen are left out. */
static int64_t next_tick(const go_ticker *t, int64_t now)
{
    int64_t next = t->next > TIME_NEVER - t->period ? TIME_NEVER - 1 : t->next + t->period;
    if (next <= now)
        next += ((now - next) / t->period + 1) * t->period;
    return next;
}

static int64_t tick(struct timer *timer, int64_t now)
{
    go_ticker *t = container_of(timer, go_ticker, timer);
    if (chan_send_from_timer(t->chan, &now) != 0)
        return now + TIMER_RETRY;
    return t->next = next_tick(t, now);
}

static void start(go_ticker *t, int64_t ns)
{
    t->period = ns;
    t->next = go_deadline(ns);
    timer_arm(&t->timer, t->next, false);
}

go_ticker *go_ticker_new(int64_t ns)
{
    if (ns <= 0 || sched_ensure() != 0)
        return NULL;
    go_ticker *t = sched_alloc(sizeof *t);
    if (!t)
        return NULL;
    __builtin_memset(t, 0, sizeof *t);
    t->chan = go_chan_new(sizeof(int64_t), 1);
    if (!t->chan) {
        sched_free(t);
        return NULL;
    }
    t->timer.fire = tick;
    start(t, ns);
    return t;
}

go_chan *go_ticker_chan(const go_ticker *t)
{
    return t ? t->chan : NULL;
}

/* Under the lock, as start is but for a new ticker. */
static void stop(go_ticker *t)
{
    int64_t stale;
    timer_disarm(&t->timer);
    go_recv_until(t->chan, &stale, GO_NOW);
}

int go_ticker_stop(go_ticker *t)
{
    if (!t)
        return -EINVAL;
    lock_take(&t->lock);
    stop(t);
    lock_drop(&t->lock);
    return 0;
}

int go_ticker_reset(go_ticker *t, int64_t ns)
{
    if (!t || ns <= 0)
        return -EINVAL;
    lock_take(&t->lock);
    stop(t);
    start(t, ns);
    lock_drop(&t->lock);
    return 0;
}

int go_ticker_free(go_ticker *t)
{
    if (!t)
        return 0;
    go_ticker_stop(t);
    int error = go_chan_free(t->chan);
    if (error)
        return error;
    sched_free(t);
    return 0;
}
