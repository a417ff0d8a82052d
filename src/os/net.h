/* THE OS CONTRACT, second part: descriptors and sockets, and how to wait for many of them at once.
 *
 * An OS implements it in the folder net of its own; a program that has no use for it does not link it. The preconditions
 * and marks are those of os.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_NET_H
#define OS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- readiness of descriptors (poller.c) ---- */

/* What has become ready, by the tag that the descriptor was added with. */
struct os_ready {
    void *tag;
    bool readable, writable; /* both where there is an error to be read off */
    bool ended;              /* the other side will send no more, or there is an error: it stays so; or something urgent, at which
                              * reads stop though there is more */
};

/* Makes the poller. A failed call may be repeated; after one that succeeded there is nothing more to do. -EMFILE, -ENFILE, -ENOMEM.
 */
int os_poller_start(void);

/* Watches fd until it is closed, both ways, edge by edge: each time that it becomes ready is told once, to one thread. What is
 * ready already is told too. -EPERM: always ready (a regular file); -EEXIST: watched already; -EBADF; -ENOMEM, -ENOSPC. */
int os_poller_add(int fd, void *tag);

/* Takes up to `most` descriptors that have become ready, and gives their number. If there are none, blocks until there are, or
 * os_poller_wake, or the deadline (absolute os_now(); INT64_MAX: never; 0: does not block). May return 0 early for no reason. Only
 * one thread at a time may block. Leaves errno alone. */
int os_poller_wait(struct os_ready *ready, int most, int64_t deadline);

/* Makes the thread that blocks in os_poller_wait, or the next one that would, return at once. [signal] */
void os_poller_wake(void);

/* ---- descriptors (io.c) ---- */

/* Each is the system call of that name, but for: a negative errno value comes by value; -EINTR only where said; a call on a
 * descriptor that does not block gives -EAGAIN instead of blocking. */
ptrdiff_t os_io_read(int fd, void *buffer, size_t size);
ptrdiff_t os_io_recv(int fd, void *buffer, size_t size); /* size > 0: a socket's shorter way through the system */
ptrdiff_t os_io_write(int fd, const void *bytes, size_t size);
ptrdiff_t os_io_send(int fd, const void *bytes, size_t size); /* to a socket: no SIGPIPE */
ptrdiff_t os_io_feed(int fd, const void *bytes, size_t size); /* to a pipe: no SIGPIPE */
struct iovec;
const char *os_io_part(const struct iovec *parts, int i, size_t *size); /* no call: what stands there */
ptrdiff_t os_io_readv(int fd, const struct iovec *parts, int n);
ptrdiff_t os_io_writev(int fd, const struct iovec *parts, int first, int n); /* parts[first] to parts[n - 1] */
ptrdiff_t os_io_sendv(int fd, const struct iovec *parts, int first, int n);
ptrdiff_t os_io_feedv(int fd, const struct iovec *parts, int first, int n);
struct sockaddr;
ptrdiff_t os_io_recvfrom(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size);
ptrdiff_t os_io_sendto(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size);
ptrdiff_t os_io_sendfile(int to, int from, int64_t *offset, size_t size); /* no SIGPIPE */
int os_io_shutdown(int fd, bool reading, bool writing);
int os_io_close(int fd); /* closed also where there is an error */

/* Closes the number at once, and the file, which may take long, by another number that is still to be closed. *other is less than 0
 * where none is to be had: then the file is closed too. */
int os_io_free(int fd, int *other);

/* What descriptor this is. -EBADF. */
struct os_io_kind {
    bool blocks; /* its calls block; else they give -EAGAIN */
    bool socket;
    bool stream; /* a short read has emptied it, if nothing came in since and os_ready has not said `ended` */
};
int os_io_kind(int fd, struct os_io_kind *kind);

/* From now on its calls give -EAGAIN instead of blocking. */
int os_io_unblock(int fd);

/* Which of these it is ready for now; an error makes it ready for both. -EBADF. */
int os_io_ready(int fd, bool *readable, bool *writable);

/* ---- sockets (socket.c, resolve.c) ---- */

/* An address in the system's own form. */
struct os_address {
    unsigned size;
    _Alignas(8) unsigned char bytes[128];
};

/* 4 or 6; 0: of another kind. */
int os_address_family(const struct os_address *address);

/* True if an address as programs give it is that of a local socket. */
bool os_sockaddr_is_local(const struct sockaddr *address, unsigned size);

enum os_transport { OS_STREAM, OS_DATAGRAM, OS_SEQUENCED };

/* A socket for such addresses that does not block and does not outlive an exec, with the options that servers and clients want.
 * Gives the descriptor. */
int os_socket(const struct os_address *address, enum os_transport transport);

/* Takes the address and, for streams and sequenced packets, listens. A local path that nobody listens on any more is taken over.
 * both_families: an IPv6 one takes IPv4 too. */
int os_socket_listen(int fd, const struct os_address *address, bool both_families);

/* Connects, or begins to: 0, or -EINPROGRESS, also if it had begun before (-EAGAIN for a local path whose queue is full);
 * os_socket_error gives the outcome once it is writable. */
int os_socket_connect(int fd, const struct os_address *address);
int os_socket_error(int fd);

/* True if it is connected to itself, which a connection to a free local port may be. */
bool os_socket_meets_itself(int fd);

/* The next connection, as a descriptor that does not block, with the options of the socket that listens. -EAGAIN; -EMFILE, -ENFILE.
 * Skips those that went away while they waited. */
int os_socket_accept(int fd);

/* Finds the addresses of a host (NULL: all of this machine's) and a service, a name or a number of each; family 4, 6, or 0 for
 * both, those to try first in front. May block for a long time, and take 100 KiB of stack. Their number, at most `most`; -ENOENT:
 * no such name; -EAGAIN: cannot be known now; -EINVAL: no such service; -EIO: names cannot be asked for; -ENOMEM. */
int os_resolve(const char *host, const char *service, int family, enum os_transport transport, struct os_address *found, int most);

/* The same where both are numbers, at once; up to 2. -EAGAIN: one of them has to be looked up. */
int os_resolve_now(const char *host, const char *service, int family, struct os_address *found);

/* The address of a local path; one that begins with '@' has no file. -ENAMETOOLONG, -EINVAL. */
int os_local_address(const char *path, struct os_address *address);

#endif
