/* Timers that send the time to a channel once, or start a function.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"
#include "chan/chan.h"
#include "os/os.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/time.h"

/* Where no goroutine can be started just now, the function is started a little later. */
#define SPAWN_RETRY 1000000

struct go_timer {
    struct timer timer;
    struct lock lock; /* one stop or reset at a time */
    go_chan *chan;
    void (*fn)(void *);
    void *arg;
    uintptr_t creator_pc;
};

static int64_t send_time(struct timer *timer, int64_t now)
{
    go_timer *t = container_of(timer, go_timer, timer);
    return chan_send_from_timer(t->chan, &now) == 0 ? TIME_NEVER : now + TIMER_RETRY;
}

static int64_t start_function(struct timer *timer, int64_t now)
{
    go_timer *t = container_of(timer, go_timer, timer);
    return sched_spawn(t->fn, t->arg, t->creator_pc) == 0 ? TIME_NEVER : now + SPAWN_RETRY;
}

static go_timer *make(void)
{
    if (sched_ensure() != 0)
        return NULL;
    go_timer *t = sched_alloc(sizeof *t);
    if (t)
        __builtin_memset(t, 0, sizeof *t);
    return t;
}

go_timer *go_timer_new(int64_t ns)
{
    go_timer *t = make();
    if (!t)
        return NULL;
    t->chan = go_chan_new(sizeof(int64_t), 1);
    if (!t->chan) {
        sched_free(t);
        return NULL;
    }
    t->timer.fire = send_time;
    timer_arm(&t->timer, go_deadline(ns), false);
    return t;
}

go_timer *go_after_func(int64_t ns, void (*fn)(void *), void *arg)
{
    go_timer *t = fn ? make() : NULL;
    if (!t)
        return NULL;
    t->timer.fire = start_function;
    t->fn = fn;
    t->arg = arg;
    t->creator_pc = (uintptr_t)ARCH_RETURN_ADDRESS();
    timer_arm(&t->timer, go_deadline(ns), false);
    return t;
}

go_chan *go_timer_chan(const go_timer *t)
{
    return t ? t->chan : NULL;
}

/* Off the heap, and no time from before left in the channel. Under the lock. */
static int stop(go_timer *t)
{
    int64_t stale;
    int armed = timer_disarm(&t->timer);
    if (t->chan)
        go_recv_until(t->chan, &stale, GO_NOW);
    return armed;
}

int go_timer_stop(go_timer *t)
{
    if (!t)
        return -EINVAL;
    lock_take(&t->lock);
    int armed = stop(t);
    lock_drop(&t->lock);
    return armed;
}

int go_timer_reset(go_timer *t, int64_t ns)
{
    if (!t)
        return -EINVAL;
    lock_take(&t->lock);
    int armed = stop(t);
    timer_arm(&t->timer, go_deadline(ns), false);
    lock_drop(&t->lock);
    return armed;
}

int go_timer_free(go_timer *t)
{
    if (!t)
        return 0;
    go_timer_stop(t);
    int error = go_chan_free(t->chan);
    if (error)
        return error;
    sched_free(t);
    return 0;
}
