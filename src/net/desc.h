/* Descriptors as the library knows them: who uses each now, and who waits for it.
 *
 * A call enters a descriptor and leaves it. Closing shuts the door and wakes who waits; the last one to leave closes the number, so
 * that no call under way can meet another file that got it.
 *
 * An edge is the news from the poller that a descriptor has become ready. They are counted: who tries, and finds it not ready,
 * waits for an edge after those it had seen before it tried. So nobody can take an edge from another.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_DESC_H
#define NET_DESC_H

#include "sched/sched.h"

#include "os/net.h"

enum way { WAY_READ, WAY_WRITE, WAYS };

#define DESC_CLOSING (1u << 30) /* the door is shut */
#define DESC_CLOSED  (1u << 31) /* one of those inside was the last, and closes it */

/* Kinds: of what the library has opened, which the poller watches and which never blocks; else 0, and the system is asked. */
#define DESC_OURS   1u
#define DESC_SOCKET 2u
#define DESC_STREAM 4u /* os_io_kind */

struct desc {
    struct lock lock;
    struct wait_queue waiting[WAYS]; /* under lock */
    _Atomic uint32_t edges[WAYS];    /* so far; written under lock */
    _Atomic uint32_t drained;        /* 1 + the edges before a read that left nothing: no use to try again before the next one. Not
                                      * ordered: one that comes late names edges that are past, and costs a try */
    _Atomic bool ended;              /* so os_ready said: a short read need not have emptied it, and no edge may come any more */
    _Atomic uint32_t users;          /* calls inside, and DESC_CLOSING, DESC_CLOSED */
    int fd;                          /* fixed */
    _Atomic uint32_t kind;           /* DESC_OURS, ...; written before anybody is told the number, and when it is closed */
};

/* Lets the caller in. 0; -EBADF: no such number, or it is being closed; -EMFILE: too large a number for us; -ENOMEM. */
int desc_enter(int fd, struct desc **d);

/* The last to leave a number whose door is shut closes it. */
void desc_leave(struct desc *d);

/* Shuts the door; the caller is inside. False: it was shut. */
bool desc_shut(struct desc *d);

/* Enters, shuts the door, leaves: go_close, but the caller may hold a lock. */
int desc_close(int fd);

/* Takes a descriptor in that does not block and that nobody else knows: it is watched from now on. like: one of the same kind,
 * which the caller is inside of, or NULL: it is asked. On an error it is closed. Gives fd, or -ENOMEM, -ENOSPC, -EMFILE, and as
 * sched_ensure. */
int desc_adopt(int fd, const struct desc *like);

/* The same for one that the program has opened; on an error it stays open. 0, or also -EPERM: it is always ready. */
int desc_take(int fd);

static inline bool desc_is(struct desc *d, uint32_t kind)
{
    return load_relaxed(&d->kind) & kind;
}

static inline uint32_t desc_edges(struct desc *d, enum way way)
{
    return load_acquire(&d->edges[way]);
}

/* Blocks until there is an edge beyond those that were `seen` before the caller tried. It tries again after a 0. -EBADF: it was
 * closed meanwhile; -EAGAIN, -ETIMEDOUT; and as the poller's start. */
int desc_wait(struct desc *d, enum way way, uint32_t seen, int64_t deadline);

/* The same where nobody may ever tell: comes back after a while too, which doubles each time. *pause: 0 at first. */
int desc_pause(struct desc *d, enum way way, uint32_t seen, int64_t *pause, int64_t deadline);

/* The same where each attempt that fails makes an edge: none counts, and the pauses are shorter. */
int desc_sit_out(struct desc *d, enum way way, int64_t *pause, int64_t deadline);

/* As if there had been an edge: whoever waits tries again. */
void desc_wake(struct desc *d, bool readable, bool writable);

/* One of several edges that a goroutine waits for at once. */
struct desc_hope {
    struct desc *d;
    enum way way;
    uint32_t seen;
    int tag; /* the caller's own */
    struct waiter waiter;
};

/* The same for whichever of them comes first: they may be of one descriptor or of several, at most some dozens. Puts them in
 * another order. -EBADF: one of them was closed. */
int desc_wait_any(struct desc_hope *hopes, int n, int64_t deadline, const char *why);

/* Has the poller watch it, which is no harm if it does so already. 0; -EPERM: it is always ready; and as sched_start_poller. */
int desc_watch(struct desc *d);

#endif
