/* Once: the first caller runs the function, the others wait for its end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

enum { NEW, RUNS, DONE };

struct once {
    _Atomic uint32_t state;
    struct lock guard;
    struct wait_queue queue;
};
_Static_assert(sizeof(struct once) <= sizeof(go_once), "go_once is too small");

static void finish(void *argument)
{
    struct once *o = argument;
    lock_take(&o->guard);
    store_release(&o->state, DONE); /* partner: the acquire load in go_once_do */
    struct waiter *woken = wait_queue_pop_all(&o->queue, 0);
    lock_drop(&o->guard);
    wait_ready_all(woken);
}

static void run(struct once *o, void (*fn)(void *), void *arg)
{
    struct exit_hook hook = {.run = finish, .argument = o};
    sched_exit_hook(&hook);
    fn(arg);
    sched_exit_forget(&hook);
    finish(o);
}

int go_once_do(go_once *once, void (*fn)(void *), void *arg)
{
    struct once *o = (struct once *)once;
    if (!o || !fn)
        return -EINVAL;
    if (likely(load_acquire(&o->state) == DONE))
        return 0;
    struct goroutine *g = sched_self();
    uint32_t state = NEW;
    if (cas_ordered(&o->state, &state, RUNS)) {
        run(o, fn, arg);
        return 0;
    }
    lock_take(&o->guard);
    if (load_relaxed(&o->state) == DONE) {
        lock_drop(&o->guard);
        return 0;
    }
    struct waiter w = {.g = g};
    return wait_in_line(&o->guard, &o->queue, &w, INT64_MAX, "once");
}
