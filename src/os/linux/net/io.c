/* Descriptors: the system calls that read and write them, with errors by value.
 *
 * Through libc, not straight to the kernel: the sanitizers watch there what is read and written, and who waits for whom.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/linux/linux.h"
#include "os/net.h"

/* libc's own are points where a thread may be cancelled, which costs two locked instructions each time; nobody cancels here. But a
 * sanitizer watches libc's, to know what the system reads and writes. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));

static inline bool is_watched(void)
{
    return __asan_init || __tsan_init || __msan_init;
}

static long receive(int fd, void *buffer, size_t size)
{
    long result;
    do
        result = os_call(SYS_recvfrom, fd, buffer, size, 0, NULL, NULL);
    while (result == -EINTR);
    return result;
}

static long transmit(int fd, const void *bytes, size_t size)
{
    long result;
    do
        result = os_call(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, NULL, 0);
    while (result == -EINTR);
    return result;
}

ptrdiff_t os_io_read(int fd, void *buffer, size_t size)
{
    return BY_VALUE(read(fd, buffer, size));
}

ptrdiff_t os_io_recv(int fd, void *buffer, size_t size)
{
    return is_watched() ? BY_VALUE(recv(fd, buffer, size, 0)) : receive(fd, buffer, size);
}

ptrdiff_t os_io_write(int fd, const void *bytes, size_t size)
{
    return BY_VALUE(write(fd, bytes, size));
}

ptrdiff_t os_io_send(int fd, const void *bytes, size_t size)
{
    return is_watched() ? BY_VALUE(send(fd, bytes, size, MSG_NOSIGNAL)) : transmit(fd, bytes, size);
}

/* A pipe has no flag against SIGPIPE, nor has sendfile: the signal comes to this thread, where it is kept out, and is taken away
 * again. Not one that was there before. */
struct quiet {
    sigset_t kept;
    bool was_pending;
};

static sigset_t sigpipe(void)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGPIPE);
    return one;
}

static struct quiet quiet_begin(void)
{
    struct quiet q = {.was_pending = false};
    sigset_t one = sigpipe(), pending;
    pthread_sigmask(SIG_BLOCK, &one, &q.kept);
    if (sigismember(&q.kept, SIGPIPE) && sigpending(&pending) == 0)
        q.was_pending = sigismember(&pending, SIGPIPE);
    return q;
}

/* came: there may be a signal. */
static void quiet_end(const struct quiet *q, bool came)
{
    static const struct timespec at_once;
    sigset_t one = sigpipe();
    if (came && !q->was_pending)
        (void)BY_VALUE(sigtimedwait(&one, NULL, &at_once));
    pthread_sigmask(SIG_SETMASK, &q->kept, NULL);
}

ptrdiff_t os_io_feed(int fd, const void *bytes, size_t size)
{
    struct quiet q = quiet_begin();
    ptrdiff_t written = os_io_write(fd, bytes, size);
    quiet_end(&q, written == -EPIPE);
    return written;
}

ptrdiff_t os_io_feedv(int fd, const struct iovec *parts, int first, int n)
{
    struct quiet q = quiet_begin();
    ptrdiff_t written = os_io_writev(fd, parts, first, n);
    quiet_end(&q, written == -EPIPE);
    return written;
}

const char *os_io_part(const struct iovec *parts, int i, size_t *size)
{
    *size = parts[i].iov_len;
    return parts[i].iov_base;
}

ptrdiff_t os_io_readv(int fd, const struct iovec *parts, int n)
{
    return BY_VALUE(readv(fd, parts, n));
}

ptrdiff_t os_io_writev(int fd, const struct iovec *parts, int first, int n)
{
    return BY_VALUE(writev(fd, parts + first, n - first));
}

ptrdiff_t os_io_sendv(int fd, const struct iovec *parts, int first, int n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts + first, .msg_iovlen = (size_t)(n - first)};
    return BY_VALUE(sendmsg(fd, &message, MSG_NOSIGNAL));
}

ptrdiff_t os_io_recvfrom(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size)
{
    return BY_VALUE(recvfrom(fd, buffer, size, 0, from, from_size));
}

ptrdiff_t os_io_sendto(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size)
{
    return BY_VALUE(sendto(fd, bytes, size, MSG_NOSIGNAL, to, to_size));
}

/* It sends piece by piece. Where the other side goes in between, it says how much went before, and sends the signal all the same.
 */
ptrdiff_t os_io_sendfile(int to, int from, int64_t *offset, size_t size)
{
    off64_t at = offset ? *offset : 0;
    size_t most = 0x7ffff000; /* of one call; a sum with the offset must not overflow */
    size_t wanted = size < most ? size : most;
    struct quiet q = quiet_begin();
    ptrdiff_t sent = BY_VALUE(sendfile64(to, from, offset ? &at : NULL, wanted));
    quiet_end(&q, sent == -EPIPE || (sent > 0 && (size_t)sent < wanted));
    if (offset && sent > 0)
        *offset = at;
    return sent;
}

int os_io_shutdown(int fd, bool reading, bool writing)
{
    return BY_VALUE(shutdown(fd, !writing ? SHUT_RD : reading ? SHUT_RDWR : SHUT_WR));
}

int os_io_close(int fd)
{
    int kept = *os_errno();
    int result = close(fd) == 0 ? 0 : -*os_errno();
    *os_errno() = kept;
    return result == -EINTR ? 0 : result; /* on Linux it is closed then; close(2) */
}

int os_io_free(int fd, int *other)
{
    *other = BY_VALUE(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return os_io_close(fd);
}

/* Of TCP only is it true what a short read tells: local streams also stop where descriptors or credentials are passed along. */
int os_io_kind(int fd, struct os_io_kind *kind)
{
    int flags = BY_VALUE(fcntl(fd, F_GETFL));
    if (flags < 0)
        return flags;
    int protocol = 0;
    socklen_t size = sizeof protocol;
    int result = BY_VALUE(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size));
    *kind = (struct os_io_kind){
        .blocks = !(flags & O_NONBLOCK),
        .socket = result == 0,
        .stream = result == 0 && protocol == IPPROTO_TCP,
    };
    return 0;
}

int os_io_unblock(int fd)
{
    int flags = BY_VALUE(fcntl(fd, F_GETFL));
    if (flags < 0)
        return flags;
    return flags & O_NONBLOCK ? 0 : BY_VALUE(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
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
