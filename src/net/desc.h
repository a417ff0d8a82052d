/* Descriptors as the library knows them: who uses each now, and who waits for it.
 *
 * A call enters a descriptor and leaves it. Closing shuts the door and wakes who waits; the last one to leave closes the number, so
 * that no call under way can meet another file that got it. What is under lock is the queues and the flags of readiness; all else
 * is written by who opens and who closes, when nobody else is inside.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_DESC_H
#define NET_DESC_H

#include "sched/sched.h"

#include "os/os.h"

enum way { WAY_READ, WAY_WRITE, WAYS };

struct desc {
    struct lock lock;
    struct wait_queue waiting[WAYS];
    _Atomic bool ready[WAYS]; /* an edge has come that nobody waited for; also read without the lock, as a hint */
    _Atomic bool ended;       /* no further edge may come */
    _Atomic uint32_t edges;   /* for reading, so far; written under lock */
    _Atomic uint32_t drained; /* 1 + the edges before a read that left nothing: no use to try again before there are more */
    _Atomic uint32_t users;   /* calls inside, and DESC_CLOSING, DESC_CLOSED */
    int fd;                   /* fixed */
    bool ours;                /* opened by the library: watched by the poller, never blocks */
    bool socket, stream;      /* see os_io_kind */
};

/* Lets the caller in. 0; -EBADF: no such number, or it is being closed; -EMFILE: a number too large; -ENOMEM. */
int desc_enter(int fd, struct desc **d);

/* 0, or, where this closed it, what closing gave. */
int desc_leave(struct desc *d);

/* Shuts the door; the caller is inside. False: it was shut. */
bool desc_shut(struct desc *d);

/* Takes a descriptor in that does not block and that nobody else knows: it is watched from now on. On an error it is closed. Gives
 * fd, or -ENOMEM, -ENOSPC, -EMFILE, and as sched_ensure. */
int desc_adopt(int fd);

/* Blocks until there is an edge. The caller has found that it is not ready, and tries again after a 0. -EBADF: it was closed
 * meanwhile; -EAGAIN, -ETIMEDOUT; and as the poller's start. */
int desc_wait(struct desc *d, enum way way, int64_t deadline);

#endif
