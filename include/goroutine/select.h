/* Select: waiting on several channels, and doing exactly one of the sends and receives.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_SELECT_H
#define GOROUTINE_SELECT_H

#include "abi.h"
#include "chan.h"

GO_BEGIN_DECLS

enum go_op { GO_SEND = 1, GO_RECV = 2 };

/* One case of a select. The caller fills the first three; go_select fills result of the case it chose. The reserved words
 * are the library's while go_select runs (that is why a select of any size allocates nothing). */
struct go_case {
    go_chan *chan; /* NULL: never ready */
    void *elem;    /* what to send, or where to receive; NULL as in go_send and go_recv */
    int op;        /* GO_SEND or GO_RECV */
    int result;    /* of the chosen case: 0, or -EPIPE as go_send and go_recv give it */
    uintptr_t reserved[10];
};

/* go_select waits until one of the n cases can be done, does it, and returns its index. Where several can be, each is chosen
 * with equal chance. The same channel may stand in several cases, and in both directions. With no case that can ever be
 * ready it waits for ever.
 * go_select_until with GO_NOW is a select with a default: -EAGAIN says that no case was ready at one and the same moment.
 * Errors: -EINVAL n is negative or over 65536, cases is NULL though n is not 0, an op is neither, or an elem is missing for a send;
 * -EAGAIN, -ETIMEDOUT. A case on a closed channel is ready and gives the index, with -EPIPE in result. */
GO_API int go_select(struct go_case *cases, int n);
GO_API int go_select_until(struct go_case *cases, int n, int64_t deadline);

GO_END_DECLS

#endif
