/* From a file to a socket without a copy.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "net/call.h"

#include "goroutine/net.h"

static ptrdiff_t send_file_once(struct call *c)
{
    return os_io_sendfile(c->d->fd, c->n, c->offset, c->size);
}

/* Until the file ends. */
static ptrdiff_t send_all(struct call *c, int64_t deadline)
{
    ptrdiff_t sent = 0;
    while (c->size) {
        ptrdiff_t result = call_try(c, deadline);
        if (result <= 0)
            return result < 0 && !sent ? result : sent;
        sent += result;
        c->size -= (size_t)result;
    }
    return sent;
}

ptrdiff_t go_sendfile_until(int to, int from, int64_t *offset, size_t size, int64_t deadline)
{
    struct call c = {.way = WAY_WRITE, .once = send_file_once, .n = from, .offset = offset, .size = size};
    ptrdiff_t result = call_begin(&c, to);
    if (result)
        return result;
    c.blocks = true; /* the file's side may have to wait for a disk */
    result = send_all(&c, deadline);
    call_end(&c);
    return result;
}

ptrdiff_t go_sendfile(int to, int from, int64_t *offset, size_t size)
{
    return go_sendfile_until(to, from, offset, size, GO_FOREVER);
}
