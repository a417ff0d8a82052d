/* The engine below all calls that read and write.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/call.h"

#include <errno.h>

#include "os/net.h"

#include "goroutine/task.h"

/* Of what the program has opened. */
static NOINLINE int ask(struct call *c, int fd)
{
    struct os_io_kind kind = {0};
    preempt_hold();
    int error = os_io_kind(fd, &kind);
    preempt_release();
    if (error)
        desc_leave(c->d);
    c->blocks = kind.blocks;
    c->socket = kind.socket;
    return error;
}

int call_begin(struct call *c, int fd)
{
    int error = desc_enter(fd, &c->d);
    if (error)
        return error;
    uint32_t kind = load_relaxed(&c->d->kind);
    if (unlikely(!(kind & DESC_OURS)))
        return ask(c, fd);
    c->socket = kind & DESC_SOCKET;
    c->pipe = !c->socket;
    c->stream = kind & DESC_STREAM;
    return 0;
}

void call_end(struct call *c)
{
    desc_leave(c->d);
    preempt_now();
}

ptrdiff_t call_once(struct call *c)
{
    if (c->blocks)
        go_blocking_begin();
    else
        preempt_hold();
    ptrdiff_t result = c->once(c);
    if (c->blocks)
        go_blocking_end();
    else
        preempt_release();
    return result;
}

/* Whether an attempt is sure to find nothing: the edge is still to come that tells of more. Not for who never waits, as it may
 * never be told. */
static bool is_drained(struct call *c, uint32_t edges, int64_t deadline)
{
    struct desc *d = c->d;
    return c->plain_read && c->stream && c->size && deadline != GO_NOW && load_relaxed(&d->drained) == edges + 1 &&
           !load_relaxed(&d->ended);
}

ptrdiff_t call_try(struct call *c, int64_t deadline)
{
    for (;;) {
        uint32_t seen = desc_edges(c->d, c->way);
        ptrdiff_t result = is_drained(c, seen, deadline) ? -EAGAIN : call_once(c);
        if (result != -EAGAIN) {
            if (c->plain_read && c->stream && result > 0 && (size_t)result < c->size)
                store_relaxed(&c->d->drained, seen + 1);
            return result;
        }
        result = desc_wait(c->d, c->way, seen, deadline);
        if (result)
            return result;
    }
}

ptrdiff_t call_do(struct call *c, int fd, int64_t deadline)
{
    ptrdiff_t result = call_begin(c, fd);
    if (result)
        return result;
    result = call_try(c, deadline);
    call_end(c);
    return result;
}
