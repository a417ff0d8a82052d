/* Sockets that listen and accept.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "net/address.h"
#include "net/call.h"

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
    return error ? error : desc_adopt(fd, NULL);
}

/* Then the next address of the name may do. Not where one is in use: else who asks for all of this machine's may get IPv4 alone. */
static bool is_not_had_here(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

int go_listen_until(const char *network, const char *address, int64_t deadline)
{
    struct addresses found;
    int result = address_find(network, address, deadline, &found);
    if (result)
        return result;
    for (int i = 0; i < found.n; i++) {
        result = listen_on(&found, &found.at[i]);
        if (!is_not_had_here(result))
            break;
    }
    preempt_now();
    return result;
}

int go_listen(const char *network, const char *address)
{
    return go_listen_until(network, address, GO_FOREVER);
}

static int accept_one(struct desc *d, int64_t deadline)
{
    int64_t pause = 0;
    for (;;) {
        uint32_t seen = desc_edges(d, WAY_READ);
        preempt_hold();
        int result = os_socket_accept(d->fd);
        preempt_release();
        if (result >= 0)
            return desc_adopt(result, d);
        if (result == -EAGAIN)
            result = desc_wait(d, WAY_READ, seen, deadline);
        else if (result == -EMFILE || result == -ENFILE) /* others close theirs meanwhile */
            result = desc_pause(d, WAY_READ, seen, &pause, deadline);
        if (result)
            return result;
    }
}

int go_accept_until(int fd, int64_t deadline)
{
    struct call c = {.way = WAY_READ};
    int result = call_begin(&c, fd);
    if (result)
        return result;
    result = desc_is(c.d, DESC_OURS) ? accept_one(c.d, deadline) : -EINVAL;
    call_end(&c);
    return result;
}

int go_accept(int fd)
{
    return go_accept_until(fd, GO_FOREVER);
}
