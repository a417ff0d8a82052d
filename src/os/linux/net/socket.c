/* Sockets: the system calls that make, name and connect them.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/linux/linux.h"
#include "os/net.h"

static const struct sockaddr *generic(const struct os_address *address)
{
    return (const struct sockaddr *)(const void *)address->bytes;
}

/* An option that makes things better where it is known. */
static void set(int fd, int level, int option, int value)
{
    int kept = *os_errno();
    setsockopt(fd, level, option, &value, sizeof value);
    *os_errno() = kept;
}

/* What is written goes out at once: what belongs together is written by one call. And who waits for a peer that has vanished
 * without a word is told within minutes. */
static void set_up_stream(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15); /* seconds of silence until a first question */
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

int os_socket(const struct os_address *address, enum os_transport transport)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int fd = BY_VALUE(socket(generic(address)->sa_family, types[transport] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd < 0 || !os_address_family(address))
        return fd;
    if (transport == OS_STREAM)
        set_up_stream(fd);
    else
        set(fd, SOL_SOCKET, SO_BROADCAST, 1);
    return fd;
}

int os_address_family(const struct os_address *address)
{
    int family = generic(address)->sa_family;
    return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

bool os_sockaddr_is_local(const struct sockaddr *address, unsigned size)
{
    return size >= sizeof address->sa_family && address->sa_family == AF_UNIX;
}

/* ---- listening ---- */

/* True if the path is a socket's that nobody listens on. */
static bool is_left_over(const struct os_address *address)
{
    const struct sockaddr_un *local = (const void *)address->bytes;
    struct stat status;
    if (local->sun_family != AF_UNIX || !local->sun_path[0] || BY_VALUE(stat(local->sun_path, &status)) != 0 ||
        !S_ISSOCK(status.st_mode))
        return false;
    int fd = os_socket(address, OS_STREAM);
    if (fd < 0)
        return false;
    int error = os_socket_connect(fd, address);
    os_io_close(fd);
    return error == -ECONNREFUSED;
}

static int take_address(int fd, const struct os_address *address)
{
    int error = BY_VALUE(bind(fd, generic(address), address->size));
    if (error == -EADDRINUSE && is_left_over(address)) {
        const struct sockaddr_un *local = (const void *)address->bytes;
        error = BY_VALUE(unlink(local->sun_path));
        if (!error)
            error = BY_VALUE(bind(fd, generic(address), address->size));
    }
    return error;
}

int os_socket_listen(int fd, const struct os_address *address, bool both_families)
{
    int family = generic(address)->sa_family, type = 0;
    socklen_t size = sizeof type;
    int error = BY_VALUE(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size));
    if (error)
        return error;
    if (family != AF_UNIX && type == SOCK_STREAM)
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1); /* a server may start again while old connections linger */
    if (family == AF_INET6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !both_families);
    error = take_address(fd, address);
    if (error || type == SOCK_DGRAM)
        return error;
    return BY_VALUE(listen(fd, INT32_MAX)); /* cut to what the system allows */
}

/* It takes over the options of the socket that listens. */
int os_socket_accept(int fd)
{
    for (;;) {
        int made = BY_VALUE(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
        switch (made) {
        case -ECONNABORTED:
        case -EPROTO:
        case -ENETDOWN: /* errors of the new connection, which is gone; accept(2) */
        case -ENOPROTOOPT:
        case -EHOSTDOWN:
        case -ENONET:
        case -EHOSTUNREACH:
        case -ENETUNREACH:
            continue;
        default:
            return made;
        }
    }
}

/* ---- connecting ---- */

int os_socket_connect(int fd, const struct os_address *address)
{
    int kept = *os_errno();
    int error = connect(fd, generic(address), address->size) == 0 ? 0 : -*os_errno();
    *os_errno() = kept;
    return error == -EINTR || error == -EALREADY ? -EINPROGRESS : error;
}

int os_socket_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    int result = BY_VALUE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
    return result ? result : -error;
}

bool os_socket_meets_itself(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return BY_VALUE(getsockname(fd, (struct sockaddr *)&here, &here_size)) == 0 &&
           BY_VALUE(getpeername(fd, (struct sockaddr *)&there, &there_size)) == 0 && here_size == there_size &&
           here.ss_family != AF_UNIX && memcmp(&here, &there, here_size) == 0;
}

int os_local_address(const char *path, struct os_address *address)
{
    struct sockaddr_un *local = (void *)address->bytes;
    size_t length = strlen(path);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof local->sun_path)
        return -ENAMETOOLONG;
    *address = (struct os_address){.size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] != '@'))};
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, length);
    if (path[0] == '@')
        local->sun_path[0] = 0;
    return 0;
}
