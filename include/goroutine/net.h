/* Descriptors: reading, writing and waiting that block the goroutine only.
 *
 * They work on every descriptor. One that does not block (O_NONBLOCK; all that the library opens) is waited for with the others, by
 * as many goroutines as there are. One that blocks, a regular file too, is used in a blocking region (task.h), without regard to a
 * deadline or to go_close once the call of the system has begun.
 *
 * Several goroutines may wait for the same descriptor: each edge wakes all that wait for its direction, and who is first gets it. A
 * descriptor that any of these calls has used must be closed by go_close, which wakes those who still wait. Numbers beyond four
 * million are not for these calls: -EMFILE. Where the system cannot watch one more descriptor, a call that has to wait gives
 * -ENOSPC, -ENOMEM, -EMFILE or -ENFILE.
 *
 * Not in the library for wasm.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_NET_H
#define GOROUTINE_NET_H

#include "abi.h"

GO_BEGIN_DECLS

/* go_listen makes a socket that listens, and gives its descriptor. network: "tcp", "tcp4", "tcp6", "unix", "unixpacket"; for
 * datagrams, which are received at once, "udp", "udp4", "udp6", "unixgram". address: "host:port", with an empty host for all
 * addresses of this machine, an IPv6 number in brackets, and port 0 for any free one; or a path, of which one that begins with '@'
 * needs no file. Of the addresses of a name it takes the first that this machine has. A path that a server has left behind is taken
 * over. What is written to its connections goes out at once (TCP_NODELAY), and silent peers are asked whether they live
 * (SO_KEEPALIVE, 15 s); that holds for go_dial too. Blocks while a name has to be looked up. Errors: those of socket(2) and
 * bind(2); -EINVAL network or address makes no sense; -ENOENT no such name; -EAGAIN, -EIO names can not be looked up, now or at
 * all; -EMFILE; -ENOMEM; go_listen_until also -ETIMEDOUT. */
GO_API int go_listen(const char *network, const char *address);
GO_API int go_listen_until(const char *network, const char *address, int64_t deadline);

/* go_accept waits for a connection to such a socket and gives its descriptor. A connection that ends before it is accepted is
 * skipped; while there are no descriptors left it waits until there are. Errors: those of accept(2), -EOPNOTSUPP among them for a
 * socket of datagrams; -EBADF also where it was closed while waiting; -EINVAL the socket does not listen, or was made neither by
 * go_listen nor given to go_adopt; -ENOMEM, -ENOSPC, with which the connection is lost; go_accept_until also -EAGAIN, -ETIMEDOUT.
 */
GO_API int go_accept(int fd);
GO_API int go_accept_until(int fd, int64_t deadline);

/* go_dial connects to an address, in the words of go_listen, and gives the descriptor. The addresses of a name run a race: IPv6 and
 * IPv4 take turns, each is started a quarter of a second after the one before, or as soon as that has failed, and the first that
 * connects wins (RFC 8305). If all have failed, the error is that of the first. Errors: those of connect(2); as go_listen
 * for the name; -EMFILE, -ENOMEM; go_dial_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_dial(const char *network, const char *address);
GO_API int go_dial_until(const char *network, const char *address, int64_t deadline);

/* go_connect connects a socket that the program has made, of any family; for datagrams it sets where they go to, and whose are
 * received. Blocks until the outcome is known. After a deadline the socket goes on connecting, and the call may be repeated.
 * Errors: those of connect(2); -EINVAL; -EBADF also where it was closed while waiting; -ENOMEM; go_connect_until also -EAGAIN,
 * -ETIMEDOUT. */
struct sockaddr;
GO_API int go_connect(int fd, const struct sockaddr *address, unsigned size);
GO_API int go_connect_until(int fd, const struct sockaddr *address, unsigned size, int64_t deadline);

/* go_adopt makes a descriptor that the program has opened one of the library's: O_NONBLOCK, and cheaper to wait for; one that
 * listens may be given to go_accept. Call it before any other goroutine uses the descriptor. Never needed, but for go_accept.
 * Returns 0. Errors, with which it stays as it was: -EPERM it can not be polled, as a regular file; -EBADF; -ENOMEM, -ENOSPC,
 * -EMFILE, -ENFILE. */
GO_API int go_adopt(int fd);

/* go_read reads what there is, at most size bytes; blocks while there is nothing. Returns their number; 0 at the end of the stream.
 * A size of 0 does not block.
 * Errors: those of read(2); -EBADF also where it was closed while waiting; -EINVAL buffer is NULL; -ENOMEM; go_read_until also
 * -EAGAIN, -ETIMEDOUT. */
GO_API ptrdiff_t go_read(int fd, void *buffer, size_t size);
GO_API ptrdiff_t go_read_until(int fd, void *buffer, size_t size, int64_t deadline);

/* go_write writes all of it; blocks while there is no room. Returns size, or, where an error or the deadline came in between, how
 * much was written before it; the next call tells of the error, though not always by the same number (-EPIPE where it was
 * -ECONNRESET). What two write at the same time may be mixed. A socket whose other side has gone gives -EPIPE, never SIGPIPE.
 * Errors: those of write(2); -EBADF also where it was closed while waiting; -EINVAL; -ENOMEM; go_write_until also -EAGAIN,
 * -ETIMEDOUT. */
GO_API ptrdiff_t go_write(int fd, const void *bytes, size_t size);
GO_API ptrdiff_t go_write_until(int fd, const void *bytes, size_t size, int64_t deadline);

/* go_readv and go_writev are go_read and go_write with up to 1024 buffers, one after the other; go_writev writes all of them.
 * Errors: likewise; -EINVAL also where there are more. */
struct iovec;
GO_API ptrdiff_t go_readv(int fd, const struct iovec *parts, int n);
GO_API ptrdiff_t go_readv_until(int fd, const struct iovec *parts, int n, int64_t deadline);
GO_API ptrdiff_t go_writev(int fd, const struct iovec *parts, int n);
GO_API ptrdiff_t go_writev_until(int fd, const struct iovec *parts, int n, int64_t deadline);

/* go_recvfrom receives a datagram: its first size bytes, and the address that it is from; from and from_size, which holds the room
 * there is for it, may both be NULL. Returns the number of bytes. Blocks while there is none. Errors: those of recvfrom(2);
 * -EINVAL; -EBADF; -ENOMEM; go_recvfrom_until also -EAGAIN, -ETIMEDOUT. */
GO_API ptrdiff_t go_recvfrom(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size);
GO_API ptrdiff_t go_recvfrom_until(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size, int64_t deadline);

/* go_sendto sends a datagram; to may be NULL where the socket is connected. Blocks while there is no room. Errors: those of
 * sendto(2), and as go_recvfrom. */
GO_API ptrdiff_t go_sendto(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size);
GO_API ptrdiff_t go_sendto_until(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size,
                                 int64_t deadline);

/* go_wait_fd blocks until the descriptor is ready for one of the events, GO_READABLE and GO_WRITABLE or both, and returns those
 * that it is ready for: a read or a write would not block then, or would tell of an error. Any descriptor that can be polled; it
 * need not be O_NONBLOCK. A regular file is always ready. Errors: -EINVAL, -EBADF, -ENOMEM, -EAGAIN, -ETIMEDOUT. */
enum { GO_READABLE = 1, GO_WRITABLE = 2 };
GO_API int go_wait_fd(int fd, int events, int64_t deadline);

/* go_sendfile writes size bytes of the file `from` to the socket `to`, without a copy on the way; fewer where the file ends.
 * offset: from where, and moved by as many; NULL: the file's own position. Returns their number. Errors: those of sendfile(2);
 * -EINVAL also what can not be sent this way; and as go_write. */
GO_API ptrdiff_t go_sendfile(int to, int from, int64_t *offset, size_t size);
GO_API ptrdiff_t go_sendfile_until(int to, int from, int64_t *offset, size_t size, int64_t deadline);

/* go_shutdown ends a connection in one direction, or both: GO_READABLE, GO_WRITABLE. The other side reads the end of the stream;
 * who is reading or writing in that direction here comes back. Errors: those of shutdown(2); -EINVAL; -EBADF. Never blocks. */
GO_API int go_shutdown(int fd, int events);

/* go_close closes the descriptor. Whoever waits for it gets -EBADF, and so do calls that come later; its number is free for others
 * once the last call under way has left, which takes no longer than one call of the system, if that does not block. Errors: those
 * of close(2): it is closed all the same; -EBADF. Never blocks, unless the program has set SO_LINGER to some seconds: then its
 * thread does, for as long. */
GO_API int go_close(int fd);

GO_END_DECLS

#endif
