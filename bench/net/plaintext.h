/* What a plaintext server does with the bytes of a connection: finds the ends of requests and puts a reply for each into one
 * buffer. Shared by ours.c and epoll.c, so that they differ in nothing but how they wait; go/main.go does the same.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PLAINTEXT_H
#define PLAINTEXT_H

#include <stddef.h>
#include <string.h>

#define PLAINTEXT_IN  2048 /* the longest head of a request */
#define PLAINTEXT_OUT 4096

#define PLAINTEXT_REPLY   "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
#define PLAINTEXT_UNKNOWN "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define PLAINTEXT_LONGEST (sizeof PLAINTEXT_REPLY - 1)

/* Answers whole requests at the start of `in` while there is room in `out`. Gives how much of `in` they take up, and adds to
 * *ready what their replies do of `out`. */
static inline size_t plaintext_answer(const char *in, size_t have, char *out, size_t *ready)
{
    static const char wanted[] = "GET /plaintext ";
    size_t used = 0;
    while (*ready + PLAINTEXT_LONGEST <= PLAINTEXT_OUT) {
        const char *end = memmem(in + used, have - used, "\r\n\r\n", 4);
        if (!end)
            break;
        size_t length = (size_t)(end - in) + 4 - used;
        int known = length > sizeof wanted && memcmp(in + used, wanted, sizeof wanted - 1) == 0;
        const char *reply = known ? PLAINTEXT_REPLY : PLAINTEXT_UNKNOWN;
        size_t size = (known ? sizeof PLAINTEXT_REPLY : sizeof PLAINTEXT_UNKNOWN) - 1;
        memcpy(out + *ready, reply, size);
        *ready += size;
        used += length;
    }
    return used;
}

#endif
