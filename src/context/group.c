/* Groups of goroutines with one context, and scopes: groups that end with a function.
 *
 * A member's last step is to leave the count of those that run, after which the group may be gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "arch/arch.h"
#include "context/context.h"

struct go_group {
    go_ctx *ctx;
    bool limited;
    go_sem places; /* left, if it is limited */
    go_waitgroup running;
    _Atomic int32_t error; /* the first */
};

/* ---- members ---- */

struct member {
    go_group *group;
    int (*fn)(go_ctx *ctx, void *arg);
    void *arg;
    int result;
};

static void fail(go_group *group, int error)
{
    int32_t none = 0;
    if (error && cas_ordered(&group->error, &none, error))
        ctx_end(group->ctx, -ECANCELED, error);
}

static void leave(void *arg)
{
    struct member *m = arg;
    go_group *group = m->group;
    fail(group, m->result);
    if (group->limited)
        go_sem_release(&group->places, 1);
    go_waitgroup_done(&group->running);
}

/* It does not come back: by go_exit, which is its own business, or by a panic. */
static void leave_for_good(void *arg)
{
    struct member *m = arg;
    if (sched_panics())
        m->result = -ENOTRECOVERABLE;
    leave(m);
}

static void run(void *arg)
{
    struct member m = *(struct member *)arg;
    sched_free(arg);
    struct exit_hook hook = {.run = leave_for_good, .argument = &m};
    sched_exit_hook(&hook);
    m.result = m.fn(m.group->ctx, m.arg);
    sched_exit_forget(&hook);
    leave(&m);
}

static int start(go_group *group, int (*fn)(go_ctx *, void *), void *arg, uintptr_t creator_pc)
{
    struct member *m = sched_alloc(sizeof *m);
    if (!m)
        return -ENOMEM;
    *m = (struct member){.group = group, .fn = fn, .arg = arg};
    go_waitgroup_add(&group->running, 1);
    int error = sched_spawn(run, m, creator_pc);
    if (error) {
        sched_free(m);
        go_waitgroup_done(&group->running);
    }
    return error;
}

static int spawn(go_group *group, int (*fn)(go_ctx *, void *), void *arg, bool waits, uintptr_t creator_pc)
{
    if (!group || !fn)
        return -EINVAL;
    int error = go_ctx_err(group->ctx);
    if (!error && group->limited)
        error = waits ? go_sem_acquire_ctx(group->ctx, &group->places, 1) : go_sem_acquire_until(&group->places, 1, GO_NOW);
    if (error)
        return error;
    error = start(group, fn, arg, creator_pc);
    if (error && group->limited)
        go_sem_release(&group->places, 1);
    preempt_now();
    return error;
}

int go_group_spawn(go_group *group, int (*fn)(go_ctx *ctx, void *arg), void *arg)
{
    return spawn(group, fn, arg, true, (uintptr_t)ARCH_RETURN_ADDRESS());
}

int go_group_try_spawn(go_group *group, int (*fn)(go_ctx *ctx, void *arg), void *arg)
{
    return spawn(group, fn, arg, false, (uintptr_t)ARCH_RETURN_ADDRESS());
}

/* ---- groups ---- */

static int begin(go_group *group, go_ctx *parent, int limit)
{
    *group = (go_group){.ctx = go_ctx_new(parent), .limited = limit > 0};
    if (!group->ctx)
        return -ENOMEM;
    return group->limited ? go_sem_release(&group->places, limit) : 0;
}

static int end(go_group *group)
{
    go_waitgroup_wait(&group->running);
    go_ctx_free(group->ctx);
    return load_relaxed(&group->error);
}

go_group *go_group_new(go_ctx *parent, int limit)
{
    go_group *group = limit >= 0 && sched_ensure() == 0 ? sched_alloc(sizeof *group) : NULL;
    if (group && begin(group, parent, limit) != 0) {
        sched_free(group);
        return NULL;
    }
    return group;
}

int go_group_wait_until(go_group *group, int64_t deadline)
{
    if (!group)
        return -EINVAL;
    int error = go_waitgroup_wait_until(&group->running, deadline);
    return error ? error : load_relaxed(&group->error);
}

int go_group_wait(go_group *group)
{
    return go_group_wait_until(group, GO_FOREVER);
}

go_ctx *go_group_ctx(go_group *group)
{
    return group ? group->ctx : NULL;
}

int go_group_free(go_group *group)
{
    if (!group)
        return 0;
    ctx_end(group->ctx, -ECANCELED, -ECANCELED);
    int error = end(group);
    sched_free(group);
    return error;
}

/* ---- scopes ---- */

static void leave_scope(void *arg)
{
    go_group *scope = arg;
    ctx_end(scope->ctx, -ECANCELED, -ECANCELED);
    end(scope);
}

int go_scope(go_ctx *parent, int (*body)(go_group *scope, void *arg), void *arg)
{
    if (!body)
        return -EINVAL;
    go_group scope;
    int error = begin(&scope, parent, 0);
    if (error)
        return error;
    struct exit_hook hook = {.run = leave_scope, .argument = &scope};
    sched_exit_hook(&hook);
    fail(&scope, body(&scope, arg));
    sched_exit_forget(&hook);
    return end(&scope);
}
