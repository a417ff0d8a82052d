/* Connecting: to the first address of a name that answers, or by a socket that the program has made.
 *
 * The addresses run a race (RFC 8305): they start one after the other, each a while after the one before or as soon as that one has
 * failed, and the first that connects has won. The one goroutine that dials waits for all of them at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "net/address.h"
#include "net/call.h"

#include "goroutine/net.h"
#include "goroutine/task.h"

#define HEAD_START (250 * GO_MILLISECOND)

/* ---- one connection ---- */

/* A local socket whose queue is full says so, and never tells when there is room. */
static int begin(struct desc *d, const struct os_address *address, int64_t deadline)
{
    int64_t pause = 0;
    for (;;) {
        uint32_t seen = desc_edges(d, WAY_WRITE);
        preempt_hold();
        int result = os_socket_connect(d->fd, address);
        preempt_release();
        if (result == -EAGAIN)
            result = desc_pause(d, WAY_WRITE, seen, &pause, deadline);
        else
            return result;
        if (result)
            return result;
    }
}

/* 1: it is not known yet. Writable may be said before it is. */
static int outcome(struct desc *d)
{
    bool readable = false, writable = true;
    preempt_hold();
    int result = os_io_ready(d->fd, &readable, &writable);
    if (!result)
        result = writable ? os_socket_error(d->fd) : 1;
    preempt_release();
    return result;
}

static int wait_for_outcome(struct desc *d, int64_t deadline)
{
    for (;;) {
        uint32_t seen = desc_edges(d, WAY_WRITE);
        int result = outcome(d);
        if (result <= 0)
            return result;
        result = desc_wait(d, WAY_WRITE, seen, deadline);
        if (result)
            return result;
    }
}

/* ---- the race ---- */

struct race {
    const struct addresses *all;
    int next;                         /* the address to start next, */
    int64_t next_at;                  /* and when */
    struct desc_hope runs[ADDRESSES]; /* those under way */
    int n;
    int error;  /* of the first address */
    int winner; /* its descriptor; -1: none yet */
};

static void failed(struct race *r, int number, int error)
{
    if (number == r->next - 1)
        r->next_at = 0;
    if (number == 0)
        r->error = error;
}

static void stop(struct desc *d)
{
    desc_shut(d);
    desc_leave(d);
}

/* It is watched once it has begun: before that, the poller would take it for one whose other side has gone. */
static int open_socket(const struct os_address *address, enum os_transport transport, int *begun)
{
    preempt_hold();
    int fd = os_socket(address, transport);
    *begun = fd < 0 ? fd : os_socket_connect(fd, address);
    preempt_release();
    return fd < 0 ? fd : desc_adopt(fd, NULL);
}

static void start_next(struct race *r, int64_t deadline)
{
    int number = r->next++, begun;
    const struct os_address *address = &r->all->at[number];
    struct desc *d;
    int fd = open_socket(address, r->all->transport, &begun);
    int error = fd < 0 ? fd : desc_enter(fd, &d);
    r->next_at = sched_now() + HEAD_START;
    if (error) {
        failed(r, number, error);
        return;
    }
    if (begun == -EAGAIN)
        begun = begin(d, address, deadline);
    if (begun == 0)
        r->winner = fd;
    if (begun == 0 || begun == -EINPROGRESS) {
        r->runs[r->n++] = (struct desc_hope){.d = d, .way = WAY_WRITE, .tag = number};
    } else {
        stop(d);
        failed(r, number, begun);
    }
}

/* As outcome. A connection to a free port of this machine may meet itself. */
static int outcome_of_run(struct desc *d)
{
    int result = outcome(d);
    preempt_hold();
    if (result == 0 && os_socket_meets_itself(d->fd))
        result = -ECONNREFUSED;
    preempt_release();
    return result;
}

/* At all that run: who has failed is out. */
static void look(struct race *r)
{
    for (int i = 0; i < r->n && r->winner < 0; i++) {
        struct desc_hope *run = &r->runs[i];
        run->seen = desc_edges(run->d, WAY_WRITE);
        int result = outcome_of_run(run->d);
        if (result == 0)
            r->winner = run->d->fd;
        if (result >= 0)
            continue;
        stop(run->d);
        failed(r, run->tag, result);
        r->runs[i--] = r->runs[--r->n];
    }
}

static int await(struct race *r, int64_t deadline)
{
    int64_t until = r->next < r->all->n && r->next_at < deadline ? r->next_at : deadline;
    int result = desc_wait_any(r->runs, r->n, until, "connect");
    return result == -ETIMEDOUT && until < deadline ? 0 : result;
}

/* Until there is a winner: 0. Else why not. */
static int run(struct race *r, int64_t deadline)
{
    for (;;) {
        if (r->next < r->all->n && sched_now() >= r->next_at)
            start_next(r, deadline);
        look(r);
        if (r->winner >= 0)
            return 0;
        if (r->next < r->all->n && r->next_at == 0)
            continue;
        if (r->n == 0)
            return r->error;
        int result = await(r, deadline);
        if (result)
            return result;
    }
}

/* Who has not won is closed. The last step of a call, like call_end. */
static int end(struct race *r, int result)
{
    for (int i = 0; i < r->n; i++) {
        struct desc *d = r->runs[i].d;
        if (d->fd == r->winner)
            desc_leave(d);
        else
            stop(d);
    }
    preempt_now();
    return result ? result : r->winner;
}

int go_dial_until(const char *network, const char *address, int64_t deadline)
{
    struct addresses found;
    int result = address_find(network, address, deadline, &found);
    if (result)
        return result;
    address_interleave(&found);
    struct race r = {.all = &found, .winner = -1};
    return end(&r, run(&r, deadline));
}

int go_dial(const char *network, const char *address)
{
    return go_dial_until(network, address, GO_FOREVER);
}

/* ---- a socket of the program's own ---- */

static int connect_once(struct desc *d, const struct os_address *address, bool blocks, int64_t deadline)
{
    if (!blocks)
        return begin(d, address, deadline);
    go_blocking_begin();
    int result = os_socket_connect(d->fd, address);
    go_blocking_end();
    return result;
}

int go_connect_until(int fd, const struct sockaddr *address, unsigned size, int64_t deadline)
{
    struct os_address to = {.size = size};
    struct call c = {.way = WAY_WRITE};
    int result = address && size <= sizeof to.bytes ? call_begin(&c, fd) : -EINVAL;
    if (result)
        return result;
    sched_copy(to.bytes, address, size);
    result = connect_once(c.d, &to, c.blocks, deadline);
    if (result == -EINPROGRESS)
        result = wait_for_outcome(c.d, deadline);
    call_end(&c);
    return result;
}

int go_connect(int fd, const struct sockaddr *address, unsigned size)
{
    return go_connect_until(fd, address, size, GO_FOREVER);
}

int go_adopt(int fd)
{
    return desc_take(fd);
}
