/* SHA-256, which is the work that our web server has: no call leaves it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t size;
    unsigned char block[64]; /* the last size % 64 bytes */
};

enum { SHA256_TEXT = 64 };

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t size);

/* sha256_end writes the digest as 64 hexadecimal digits, without a zero byte behind them. */
void sha256_end(struct sha256 *s, char text[SHA256_TEXT]);

#endif
