/* The forms that end with a context of the calls on descriptors; in a file of their own, as a program without descriptors links
 * none of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "context/context.h"

#include "goroutine/child.h"
#include "goroutine/net.h"

int go_listen_ctx(go_ctx *ctx, const char *network, const char *address)
{
    return (int)WITHIN(ctx, go_listen_until(network, address, deadline));
}

int go_accept_ctx(go_ctx *ctx, int fd)
{
    return (int)WITHIN(ctx, go_accept_until(fd, deadline));
}

int go_dial_ctx(go_ctx *ctx, const char *network, const char *address)
{
    return (int)WITHIN(ctx, go_dial_until(network, address, deadline));
}

ptrdiff_t go_read_ctx(go_ctx *ctx, int fd, void *buffer, size_t size)
{
    return WITHIN(ctx, go_read_until(fd, buffer, size, deadline));
}

ptrdiff_t go_write_ctx(go_ctx *ctx, int fd, const void *bytes, size_t size)
{
    return WITHIN(ctx, go_write_until(fd, bytes, size, deadline));
}

ptrdiff_t go_readv_ctx(go_ctx *ctx, int fd, const struct iovec *parts, int n)
{
    return WITHIN(ctx, go_readv_until(fd, parts, n, deadline));
}

ptrdiff_t go_writev_ctx(go_ctx *ctx, int fd, const struct iovec *parts, int n)
{
    return WITHIN(ctx, go_writev_until(fd, parts, n, deadline));
}

ptrdiff_t go_recvfrom_ctx(go_ctx *ctx, int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size)
{
    return WITHIN(ctx, go_recvfrom_until(fd, buffer, size, from, from_size, deadline));
}

ptrdiff_t go_sendto_ctx(go_ctx *ctx, int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size)
{
    return WITHIN(ctx, go_sendto_until(fd, bytes, size, to, to_size, deadline));
}

ptrdiff_t go_sendfile_ctx(go_ctx *ctx, int to, int from, int64_t *offset, size_t size)
{
    return WITHIN(ctx, go_sendfile_until(to, from, offset, size, deadline));
}

int go_wait_fd_ctx(go_ctx *ctx, int fd, int events)
{
    return (int)WITHIN(ctx, go_wait_fd(fd, events, deadline));
}

int go_connect_ctx(go_ctx *ctx, int fd, const struct sockaddr *address, unsigned size)
{
    return (int)WITHIN(ctx, go_connect_until(fd, address, size, deadline));
}

int go_child_wait_ctx(go_ctx *ctx, go_child *child, struct go_child_status *status)
{
    return (int)WITHIN(ctx, go_child_wait_until(child, status, deadline));
}
