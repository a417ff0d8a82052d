/* Datagrams, which carry an address each.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "net/call.h"

#include "goroutine/net.h"

static ptrdiff_t receive_once(struct call *c)
{
    unsigned size = c->address_size ? *c->address_size : 0;
    ptrdiff_t result = os_io_recvfrom(c->d->fd, c->bytes, c->size, c->address, c->address_size ? &size : NULL);
    if (result >= 0 && c->address_size)
        *c->address_size = size;
    return result;
}

ptrdiff_t go_recvfrom_until(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size, int64_t deadline)
{
    struct call c = {
        .way = WAY_READ, .once = receive_once, .bytes = buffer, .size = size, .address = from, .address_size = from_size};
    return (buffer || !size) && !from == !from_size ? call_do(&c, fd, deadline) : -EINVAL;
}

ptrdiff_t go_recvfrom(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size)
{
    return go_recvfrom_until(fd, buffer, size, from, from_size, GO_FOREVER);
}

static ptrdiff_t send_once(struct call *c)
{
    return os_io_sendto(c->d->fd, c->bytes, c->size, c->address, *c->address_size);
}

/* A local peer whose queue is full, and to which this socket is not connected, never tells it when there is room. */
static ptrdiff_t send_by_name(struct call *c, int64_t deadline)
{
    int64_t pause = 0;
    for (;;) {
        ptrdiff_t result = call_once(c);
        if (result != -EAGAIN)
            return result;
        result = desc_sit_out(c->d, c->way, &pause, deadline);
        if (result)
            return result;
    }
}

ptrdiff_t go_sendto_until(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size, int64_t deadline)
{
    struct call c = {.way = WAY_WRITE,
                     .once = send_once,
                     .bytes = (void *)bytes,
                     .size = size,
                     .address = (struct sockaddr *)to,
                     .address_size = &to_size};
    ptrdiff_t result = (bytes || !size) && !to == !to_size ? call_begin(&c, fd) : -EINVAL;
    if (result)
        return result;
    result = to && os_sockaddr_is_local(to, to_size) ? send_by_name(&c, deadline) : call_try(&c, deadline);
    call_end(&c);
    return result;
}

ptrdiff_t go_sendto(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size)
{
    return go_sendto_until(fd, bytes, size, to, to_size, GO_FOREVER);
}
