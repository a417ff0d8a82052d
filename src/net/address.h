/* What a network and an address in words mean.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdint.h>

#include "os/net.h"

enum { ADDRESSES = 16 }; /* of a name, at most */

struct addresses {
    enum os_transport transport;
    bool both_families;
    int n;
    struct os_address at[ADDRESSES];
};

/* "tcp", "udp" (or with a 4 or 6 at the end: that family only) and "host:service"; "unix", "unixgram", "unixpacket" and a path. The
 * host is a name, a number, or, for who listens, empty: all of this machine's. An IPv6 number stands in brackets. Blocks where a
 * name has to be looked up, the goroutine only, until the deadline. 0; -EINVAL: not such words; -ENOENT: no such name; -EAGAIN,
 * -ETIMEDOUT; -ENAMETOOLONG, -ENOMEM. */
int address_find(const char *network, const char *words, int64_t deadline, struct addresses *found);

/* Has the families take turns, beginning with that of the first; the order within each is kept (RFC 8305, section 4). */
void address_interleave(struct addresses *a);

#endif
