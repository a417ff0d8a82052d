/* One call on a descriptor: try, and wait for an edge where it would block.
 *
 * What the program has opened by itself, and left as it was, blocks its thread: that is done in a blocking region. So are regular
 * files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_CALL_H
#define NET_CALL_H

#include "net/desc.h"

struct call {
    /* Given by who makes it. */
    enum way way;
    ptrdiff_t (*once)(struct call *c); /* one call of the system */
    void *bytes;                       /* what `once` wants to know */
    size_t size;
    const struct iovec *parts;
    int n;
    struct sockaddr *address;
    unsigned *address_size;
    int64_t *offset;
    bool plain_read; /* a short one has emptied a stream */

    /* Found out by call_begin; false before. */
    struct desc *d;
    bool blocks, socket, stream;
    bool pipe; /* one of the library's own */
};

/* Enters the descriptor. 0, or an error: then there is nothing to end. */
int call_begin(struct call *c, int fd);

/* One attempt: -EAGAIN where it would block. */
ptrdiff_t call_once(struct call *c);

/* Does it once; blocks until it can be done. */
ptrdiff_t call_try(struct call *c, int64_t deadline);

void call_end(struct call *c);

/* All three. */
ptrdiff_t call_do(struct call *c, int fd, int64_t deadline);

#endif
