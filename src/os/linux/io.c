/* Descriptors: the system calls that read and write them, with errors by value.
 *
 * Through libc, not straight to the kernel: the sanitizers watch there what is read and written, and who waits for whom.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/linux/linux.h"

ptrdiff_t os_io_read(int fd, void *buffer, size_t size)
{
    return BY_VALUE(read(fd, buffer, size));
}

ptrdiff_t os_io_write(int fd, const void *bytes, size_t size)
{
    return BY_VALUE(write(fd, bytes, size));
}

ptrdiff_t os_io_send(int fd, const void *bytes, size_t size)
{
    return BY_VALUE(send(fd, bytes, size, MSG_NOSIGNAL));
}

int os_io_close(int fd)
{
    int kept = *os_errno();
    int result = close(fd) == 0 ? 0 : -*os_errno();
    *os_errno() = kept;
    return result == -EINTR ? 0 : result; /* on Linux it is closed then; close(2) */
}

int os_io_kind(int fd, struct os_io_kind *kind)
{
    int flags = BY_VALUE(fcntl(fd, F_GETFL));
    if (flags < 0)
        return flags;
    int type = 0;
    socklen_t size = sizeof type;
    int result = BY_VALUE(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size));
    *kind = (struct os_io_kind){
        .blocks = !(flags & O_NONBLOCK),
        .socket = result == 0,
        .stream = result == 0 && type == SOCK_STREAM,
    };
    return 0;
}

int os_io_ready(int fd, bool *readable, bool *writable)
{
    struct pollfd one = {.fd = fd, .events = (short)((*readable ? POLLIN | POLLRDHUP : 0) | (*writable ? POLLOUT : 0))};
    int result = BY_VALUE(poll(&one, 1, 0));
    if (result < 0)
        return result;
    if (one.revents & POLLNVAL)
        return -EBADF;
    bool error = one.revents & (POLLERR | POLLHUP);
    *readable = *readable && (error || (one.revents & (POLLIN | POLLRDHUP)));
    *writable = *writable && (error || (one.revents & POLLOUT));
    return 0;
}
