/* Reading and writing: try, and wait for an edge where it would block.
 *
 * What the program has opened by itself, and left as it was, blocks its thread: that is done in a blocking region. So are regular
 * files.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>

#include "net/desc.h"
#include "os/os.h"

#include "goroutine/net.h"
#include "goroutine/task.h"

/* What a call is about to do: to the descriptor, with the caller's buffer. */
struct transfer {
    struct desc *d;
    char *bytes;
    size_t size;
    bool blocks, socket, stream;
};

static ptrdiff_t start(struct transfer *t, int fd, const void *buffer, size_t size)
{
    if (!buffer && size)
        return -EINVAL;
    int error = desc_enter(fd, &t->d);
    if (error)
        return error;
    t->bytes = (char *)buffer;
    t->size = size < PTRDIFF_MAX ? size : PTRDIFF_MAX;
    struct os_io_kind kind = {.socket = t->d->socket, .stream = t->d->stream};
    if (!t->d->ours) {
        preempt_hold();
        error = os_io_kind(fd, &kind);
        preempt_release();
    }
    if (error)
        desc_leave(t->d);
    t->blocks = kind.blocks;
    t->socket = kind.socket;
    t->stream = kind.stream && t->d->ours;
    return error;
}

/* One call of the system. */
static ptrdiff_t once(struct transfer *t, enum way way)
{
    ptrdiff_t result;
    if (t->blocks)
        go_blocking_begin();
    else
        preempt_hold();
    if (way == WAY_READ)
        result = os_io_read(t->d->fd, t->bytes, t->size);
    else
        result = t->socket ? os_io_send(t->d->fd, t->bytes, t->size) : os_io_write(t->d->fd, t->bytes, t->size);
    if (t->blocks)
        go_blocking_end();
    else
        preempt_release();
    return result;
}

/* ---- reading ---- */

/* Whether an attempt is sure to find nothing: the edge is still to come that tells of more. Not for who never waits, as it may
 * never be told. */
static bool is_drained(struct transfer *t, uint32_t edges, int64_t deadline)
{
    struct desc *d = t->d;
    return t->stream && t->size && deadline != GO_NOW && load_relaxed(&d->drained) == edges + 1 && !load_relaxed(&d->ended);
}

static ptrdiff_t read_some(struct transfer *t, uint32_t edges)
{
    ptrdiff_t result = once(t, WAY_READ);
    if (t->stream && result > 0 && (size_t)result < t->size)
        store_relaxed(&t->d->drained, edges + 1);
    return result;
}

ptrdiff_t go_read_until(int fd, void *buffer, size_t size, int64_t deadline)
{
    struct transfer t;
    ptrdiff_t result = start(&t, fd, buffer, size);
    if (result)
        return result;
    do {
        uint32_t seen = desc_edges(t.d, WAY_READ);
        result = is_drained(&t, seen, deadline) ? -EAGAIN : read_some(&t, seen);
        if (result != -EAGAIN)
            break;
        result = desc_wait(t.d, WAY_READ, seen, deadline);
    } while (result == 0);
    desc_leave(t.d);
    return result;
}

ptrdiff_t go_read(int fd, void *buffer, size_t size)
{
    return go_read_until(fd, buffer, size, GO_FOREVER);
}

/* ---- writing ---- */

static ptrdiff_t write_all(struct transfer *t, int64_t deadline)
{
    size_t whole = t->size;
    for (;;) {
        uint32_t seen = desc_edges(t->d, WAY_WRITE);
        ptrdiff_t result = once(t, WAY_WRITE);
        if (result == -EAGAIN && (result = desc_wait(t->d, WAY_WRITE, seen, deadline)) == 0)
            continue;
        if (result > 0)
            t->size -= (size_t)result;
        if (result <= 0 || t->size == 0)
            return result < 0 && t->size == whole ? result : (ptrdiff_t)(whole - t->size);
        t->bytes += result;
    }
}

ptrdiff_t go_write_until(int fd, const void *bytes, size_t size, int64_t deadline)
{
    struct transfer t;
    ptrdiff_t result = start(&t, fd, bytes, size);
    if (result)
        return result;
    result = write_all(&t, deadline);
    desc_leave(t.d);
    return result;
}

ptrdiff_t go_write(int fd, const void *bytes, size_t size)
{
    return go_write_until(fd, bytes, size, GO_FOREVER);
}

/* ---- being ready ---- */

/* Asks the system, not the count of edges: one that came long ago may have been used up, or not. */
static int look(int fd, int events)
{
    bool readable = events & GO_READABLE, writable = events & GO_WRITABLE;
    preempt_hold();
    int error = os_io_ready(fd, &readable, &writable);
    preempt_release();
    return error ? error : (readable ? GO_READABLE : 0) | (writable ? GO_WRITABLE : 0);
}

static int wait_for(struct desc *d, int events, int64_t deadline)
{
    for (;;) {
        uint32_t seen[WAYS] = {desc_edges(d, WAY_READ), desc_edges(d, WAY_WRITE)};
        int result = look(d->fd, events);
        if (result)
            return result;
        if (events == (GO_READABLE | GO_WRITABLE))
            result = desc_wait_either(d, seen, deadline);
        else if (events == GO_READABLE)
            result = desc_wait(d, WAY_READ, seen[WAY_READ], deadline);
        else
            result = desc_wait(d, WAY_WRITE, seen[WAY_WRITE], deadline);
        if (result)
            return result;
    }
}

int go_wait_fd(int fd, int events, int64_t deadline)
{
    struct desc *d;
    if (events < 1 || events > (GO_READABLE | GO_WRITABLE))
        return -EINVAL;
    int result = desc_enter(fd, &d);
    if (result)
        return result;
    result = wait_for(d, events, deadline);
    desc_leave(d);
    return result;
}

/* ---- the end ---- */

int go_close(int fd)
{
    struct desc *d;
    int error = desc_enter(fd, &d);
    if (error)
        return error;
    bool shut = desc_shut(d);
    int result = desc_leave(d);
    return shut ? result : -EBADF;
}
