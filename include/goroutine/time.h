/* Time: the clock, sleeping, timers and tickers. All times are int64_t nanoseconds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_TIME_H
#define GOROUTINE_TIME_H

#include "abi.h"
#include "chan.h"

GO_BEGIN_DECLS

/* go_now reads the clock that deadlines are on: monotonic, not moved by setting the time of day; never GO_NOW. */
GO_API int64_t go_now(void);

/* go_sleep blocks the caller for ns nanoseconds or a little more; 0 or less is go_yield. go_sleep_until blocks until go_now()
 * reaches the deadline; GO_FOREVER never returns. Both give 0. */
GO_API int go_sleep(int64_t ns);
GO_API int go_sleep_until(int64_t deadline);

/* go_deadline gives now + ns without overflow: GO_FOREVER where it would pass it; a past moment (never GO_NOW) where ns is
 * negative. */
GO_API int64_t go_deadline(int64_t ns);

typedef struct go_timer go_timer;

/* go_timer_new starts a timer that, after ns, sends the time (int64_t) to its channel, which holds one element and is never
 * closed. ns of 0 or less: at once. Returns NULL where memory is short. The caller frees it with go_timer_free. */
GO_API go_timer *go_timer_new(int64_t ns);

/* go_after_func starts a timer that, after ns, runs fn(arg) in a goroutine of its own. go_timer_chan gives NULL for it.
 * Returns NULL where memory is short or fn is NULL. */
GO_API go_timer *go_after_func(int64_t ns, void (*fn)(void *), void *arg);

/* go_timer_chan gives the timer's channel. It lives as long as the timer. */
GO_API go_chan *go_timer_chan(const go_timer *t);

/* go_timer_stop keeps the timer from firing: 1 if it was still to fire, 0 if it had fired or was stopped. After it, no stale
 * time is left in the channel. It does not wait for a function already started. Errors: -EINVAL. Never blocks. */
GO_API int go_timer_stop(go_timer *t);

/* go_timer_reset starts it anew with ns from now: 1 if it was still to fire, else 0. No stale time is left in the channel. */
GO_API int go_timer_reset(go_timer *t, int64_t ns);

/* go_timer_free stops and frees the timer and its channel. NULL is allowed. Errors: -EBUSY somebody waits on its channel. */
GO_API int go_timer_free(go_timer *t);

typedef struct go_ticker go_ticker;

/* go_ticker_new sends the time every ns to its channel, which holds one element: a slow receiver misses ticks, it does not
 * collect them. Returns NULL where memory is short or ns is not positive. The caller frees it with go_ticker_free. */
GO_API go_ticker *go_ticker_new(int64_t ns);
GO_API go_chan *go_ticker_chan(const go_ticker *t);

/* go_ticker_stop ends the ticking (the channel stays open); go_ticker_reset starts it with a new period from now.
 * Errors: -EINVAL. Never block. */
GO_API int go_ticker_stop(go_ticker *t);
GO_API int go_ticker_reset(go_ticker *t, int64_t ns);

/* go_ticker_free: as go_timer_free. */
GO_API int go_ticker_free(go_ticker *t);

GO_END_DECLS

#endif
