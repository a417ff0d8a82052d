/* Channels: typed by size, of any capacity, closed by the sender.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_CHAN_H
#define GOROUTINE_CHAN_H

#include "abi.h"

GO_BEGIN_DECLS

typedef struct go_chan go_chan;

/* go_chan_new makes a channel for elements of elem_size bytes (0 is allowed: a pure signal) that holds up to capacity of
 * them; with capacity 0 a send waits for its receiver. Returns NULL where memory is short or the sizes overflow.
 * The caller frees it with go_chan_free. Never blocks. */
GO_API go_chan *go_chan_new(size_t elem_size, size_t capacity);

/* go_chan_free frees the channel and the elements still in it. NULL is allowed. Nobody may use it afterwards.
 * Errors: -EBUSY goroutines or threads are waiting on it, or signals are sent to it (signal.h); nothing was freed. */
GO_API int go_chan_free(go_chan *c);

/* go_chan_close says that no more will be sent. Waiting and later receivers get what is buffered, then -EPIPE; waiting and
 * later senders get -EPIPE. Errors: -EPIPE it was closed already; -EINVAL c is NULL. Never blocks. */
GO_API int go_chan_close(go_chan *c);

/* go_send copies *elem into the channel; blocks while the channel is full or, unbuffered, until a receiver has taken it.
 * elem may be NULL only where elem_size is 0.
 * Errors: -EPIPE the channel is closed, or was closed while waiting; -EINVAL; go_send_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_send(go_chan *c, const void *elem);
GO_API int go_send_until(go_chan *c, const void *elem, int64_t deadline);

/* go_recv moves the oldest element to *elem; blocks while there is none. elem may be NULL: the element is dropped.
 * Errors: -EPIPE the channel is closed and empty (*elem is set to zero bytes); -EINVAL; go_recv_until also -EAGAIN,
 * -ETIMEDOUT, which leave *elem as it was. */
GO_API int go_recv(go_chan *c, void *elem);
GO_API int go_recv_until(go_chan *c, void *elem, int64_t deadline);

/* go_chan_len gives the number of buffered elements, go_chan_cap the capacity, at this moment. -EINVAL: c is NULL. */
GO_API ptrdiff_t go_chan_len(const go_chan *c);
GO_API ptrdiff_t go_chan_cap(const go_chan *c);

GO_END_DECLS

#endif
