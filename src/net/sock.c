/* Sockets that listen, accept and connect.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "net/address.h"
#include "net/desc.h"

#include "goroutine/net.h"

/* ---- listening ---- */

static int listen_on(const struct addresses *a, const struct os_address *address)
{
    preempt_hold();
    int fd = os_socket(address, a->transport);
    int error = fd < 0 ? fd : os_socket_listen(fd, address, a->both_families);
    if (error && fd >= 0)
        os_io_close(fd);
    preempt_release();
    return error ? error : desc_adopt(fd);
}

int go_listen_until(const char *network, const char *address, int64_t deadline)
{
    struct addresses found;
    int result = address_find(network, address, deadline, &found);
    if (result)
        return result;
    for (int i = 0; i < found.n; i++) {
        result = listen_on(&found, &found.at[i]);
        if (result >= 0)
            break;
    }
    return result;
}

int go_listen(const char *network, const char *address)
{
    return go_listen_until(network, address, GO_FOREVER);
}

/* Out of descriptors for a moment: others close theirs meanwhile. */
static int back_off(int64_t *pause, int64_t deadline)
{
    int passed = deadline_passed(deadline);
    if (passed)
        return passed;
    *pause = *pause ? 2 * *pause : 5 * GO_MILLISECOND;
    if (*pause > GO_SECOND)
        *pause = GO_SECOND;
    int64_t until = os_now() + *pause;
    timer_sleep(until < deadline ? until : deadline);
    return 0;
}

static int accept_one(struct desc *d, int64_t deadline)
{
    int64_t pause = 0;
    for (;;) {
        uint32_t seen = desc_edges(d, WAY_READ);
        preempt_hold();
        int result = os_socket_accept(d->fd, NULL);
        preempt_release();
        if (result >= 0)
            return desc_adopt(result);
        if (result == -EAGAIN)
            result = desc_wait(d, WAY_READ, seen, deadline);
        else if (result == -EMFILE || result == -ENFILE)
            result = back_off(&pause, deadline);
        if (result)
            return result;
    }
}

int go_accept_until(int fd, int64_t deadline)
{
    struct desc *d;
    int result = desc_enter(fd, &d);
    if (result)
        return result;
    result = d->ours ? accept_one(d, deadline) : -EINVAL;
    desc_leave(d);
    return result;
}

int go_accept(int fd)
{
    return go_accept_until(fd, GO_FOREVER);
}

/* ---- connecting ---- */

/* A local socket whose queue is full says so, and never tells when there is room. */
static int begin(int fd, const struct os_address *address, int64_t deadline)
{
    int64_t pause = 0;
    for (;;) {
        preempt_hold();
        int result = os_socket_connect(fd, address);
        preempt_release();
        if (result != -EAGAIN)
            return result;
        if ((result = back_off(&pause, deadline)))
            return result;
    }
}

/* Writable may be said before the outcome is known. */
static int outcome(struct desc *d, int64_t deadline)
{
    for (;;) {
        uint32_t seen = desc_edges(d, WAY_WRITE);
        bool readable = false, writable = true;
        preempt_hold();
        int result = os_io_ready(d->fd, &readable, &writable);
        if (!result && writable) {
            result = os_socket_error(d->fd);
            if (!result && os_socket_meets_itself(d->fd))
                result = -ECONNREFUSED;
            preempt_release();
            return result;
        }
        preempt_release();
        if (!result)
            result = desc_wait(d, WAY_WRITE, seen, deadline);
        if (result)
            return result;
    }
}

static int connect_to(const struct addresses *a, const struct os_address *address, int64_t deadline)
{
    preempt_hold();
    int fd = os_socket(address, a->transport);
    preempt_release();
    int result = fd < 0 ? fd : desc_adopt(fd);
    if (result < 0)
        return result;
    struct desc *d;
    result = desc_enter(fd, &d);
    if (result)
        return result;
    result = begin(fd, address, deadline);
    if (result == -EINPROGRESS)
        result = outcome(d, deadline);
    desc_leave(d);
    if (result)
        go_close(fd);
    return result ? result : fd;
}

int go_dial_until(const char *network, const char *address, int64_t deadline)
{
    struct addresses found;
    int result = address_find(network, address, deadline, &found), first = 0;
    if (result)
        return result;
    for (int i = 0; i < found.n; i++) {
        result = connect_to(&found, &found.at[i], deadline);
        if (result >= 0)
            return result;
        first = first ? first : result;
    }
    return first;
}

int go_dial(const char *network, const char *address)
{
    return go_dial_until(network, address, GO_FOREVER);
}
