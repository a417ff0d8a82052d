/* Reading and writing several buffers by one call.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>

#include "net/call.h"

#include "goroutine/net.h"

enum { PARTS = 1024 }; /* the system takes no more at once */

static ptrdiff_t readv_once(struct call *c)
{
    return os_io_readv(c->d->fd, c->parts, c->n);
}

static bool are_sound(const struct iovec *parts, int n)
{
    return n >= 0 && n <= PARTS && (parts || n == 0);
}

ptrdiff_t go_readv_until(int fd, const struct iovec *parts, int n, int64_t deadline)
{
    struct call c = {.way = WAY_READ, .once = readv_once, .parts = parts, .n = n};
    return are_sound(parts, n) ? call_do(&c, fd, deadline) : -EINVAL;
}

ptrdiff_t go_readv(int fd, const struct iovec *parts, int n)
{
    return go_readv_until(fd, parts, n, GO_FOREVER);
}

/* ---- writing ---- */

/* From part `first` on; of that one, what a shorter write has left. */
struct rest {
    int first;
    size_t done;
};

static ptrdiff_t write_rest_of_part(struct call *c)
{
    int fd = c->d->fd;
    return c->socket ? os_io_send(fd, c->bytes, c->size)
           : c->pipe ? os_io_feed(fd, c->bytes, c->size)
                     : os_io_write(fd, c->bytes, c->size);
}

static ptrdiff_t write_parts(struct call *c)
{
    int fd = c->d->fd, first = (int)c->size;
    return c->socket ? os_io_sendv(fd, c->parts, first, c->n)
           : c->pipe ? os_io_feedv(fd, c->parts, first, c->n)
                     : os_io_writev(fd, c->parts, first, c->n);
}

static ptrdiff_t write_some(struct call *c, const struct rest *r, int64_t deadline)
{
    if (r->done == 0) {
        c->once = write_parts;
        c->size = (size_t)r->first;
    } else {
        size_t size;
        c->once = write_rest_of_part;
        c->bytes = (char *)os_io_part(c->parts, r->first, &size) + r->done;
        c->size = size - r->done;
    }
    return call_try(c, deadline);
}

static void advance(const struct call *c, struct rest *r, size_t written)
{
    size_t size;
    r->done += written;
    while (r->first < c->n && (os_io_part(c->parts, r->first, &size), r->done >= size)) {
        r->done -= size;
        r->first++;
    }
}

static ptrdiff_t write_all_parts(struct call *c, int64_t deadline)
{
    struct rest r = {0};
    ptrdiff_t written = 0;
    for (advance(c, &r, 0); r.first < c->n;) {
        ptrdiff_t result = write_some(c, &r, deadline);
        if (result <= 0)
            return result < 0 && !written ? result : written;
        written += result;
        advance(c, &r, (size_t)result);
    }
    return written;
}

ptrdiff_t go_writev_until(int fd, const struct iovec *parts, int n, int64_t deadline)
{
    struct call c = {.way = WAY_WRITE, .parts = parts, .n = n};
    ptrdiff_t result = are_sound(parts, n) ? call_begin(&c, fd) : -EINVAL;
    if (result)
        return result;
    result = write_all_parts(&c, deadline);
    call_end(&c);
    return result;
}

ptrdiff_t go_writev(int fd, const struct iovec *parts, int n)
{
    return go_writev_until(fd, parts, n, GO_FOREVER);
}
