/* Reading, writing, waiting, ending one direction, and closing.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>

#include "net/call.h"

#include "goroutine/net.h"

/* What a call of the system takes at most. */
static size_t cut(size_t size)
{
    return size < PTRDIFF_MAX ? size : PTRDIFF_MAX;
}

/* ---- reading ---- */

static ptrdiff_t read_once(struct call *c)
{
    return c->stream && c->size ? os_io_recv(c->d->fd, c->bytes, c->size) : os_io_read(c->d->fd, c->bytes, c->size);
}

ptrdiff_t go_read_until(int fd, void *buffer, size_t size, int64_t deadline)
{
    struct call c = {.way = WAY_READ, .once = read_once, .bytes = buffer, .size = cut(size), .plain_read = true};
    return buffer || !size ? call_do(&c, fd, deadline) : -EINVAL;
}

ptrdiff_t go_read(int fd, void *buffer, size_t size)
{
    return go_read_until(fd, buffer, size, GO_FOREVER);
}

/* ---- writing ---- */

static ptrdiff_t write_once(struct call *c)
{
    int fd = c->d->fd;
    return c->socket ? os_io_send(fd, c->bytes, c->size)
           : c->pipe ? os_io_feed(fd, c->bytes, c->size)
                     : os_io_write(fd, c->bytes, c->size);
}

static ptrdiff_t write_all(struct call *c, int64_t deadline)
{
    ptrdiff_t written = 0;
    for (;;) {
        ptrdiff_t result = call_try(c, deadline);
        if (result > 0)
            written += result;
        if (result <= 0 || (size_t)result == c->size)
            return result < 0 && !written ? result : written;
        c->bytes = (char *)c->bytes + result;
        c->size -= (size_t)result;
    }
}

ptrdiff_t go_write_until(int fd, const void *bytes, size_t size, int64_t deadline)
{
    struct call c = {.way = WAY_WRITE, .once = write_once, .bytes = (void *)bytes, .size = cut(size)};
    ptrdiff_t result = bytes || !size ? call_begin(&c, fd) : -EINVAL;
    if (result)
        return result;
    result = write_all(&c, deadline);
    call_end(&c);
    return result;
}

ptrdiff_t go_write(int fd, const void *bytes, size_t size)
{
    return go_write_until(fd, bytes, size, GO_FOREVER);
}

/* ---- one direction or both ---- */

static int enter_for(int fd, int events, struct desc **d)
{
    if (events < 1 || events > (GO_READABLE | GO_WRITABLE))
        return -EINVAL;
    return desc_enter(fd, d);
}

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
        struct desc_hope hopes[WAYS];
        int n = 0;
        if (events & GO_READABLE)
            hopes[n++] = (struct desc_hope){.d = d, .way = WAY_READ, .seen = desc_edges(d, WAY_READ)};
        if (events & GO_WRITABLE)
            hopes[n++] = (struct desc_hope){.d = d, .way = WAY_WRITE, .seen = desc_edges(d, WAY_WRITE)};
        int result = look(d->fd, events);
        if (!result)
            result = desc_wait_any(hopes, n, deadline, "ready");
        if (result)
            return result;
    }
}

int go_wait_fd(int fd, int events, int64_t deadline)
{
    struct desc *d;
    int result = enter_for(fd, events, &d);
    if (result)
        return result;
    result = wait_for(d, events, deadline);
    desc_leave(d);
    preempt_now();
    return result;
}

/* The system does not tell all who wait here: not a writer to a local socket that is full. Even where it gives an error it may have
 * done it. */
int go_shutdown(int fd, int events)
{
    struct desc *d;
    bool reading = events & GO_READABLE, writing = events & GO_WRITABLE;
    int result = enter_for(fd, events, &d);
    if (result)
        return result;
    preempt_hold();
    result = os_io_shutdown(fd, reading, writing);
    preempt_release();
    desc_wake(d, reading, writing);
    desc_leave(d);
    return result;
}

/* ---- the end ---- */

int go_close(int fd)
{
    int result = desc_close(fd);
    preempt_now();
    return result;
}
