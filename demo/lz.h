/* A small compressor of the LZ77 kind: literals, and matches found through chains of equal hashes. Calls nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DEMO_LZ_H
#define DEMO_LZ_H

#include <stddef.h>
#include <stdint.h>

enum { LZ_HASH_BITS = 15, LZ_WINDOW = 1 << 16 };

/* Where equal hashes were seen. Positions count on from one text to the next, so nothing is cleared in between: an entry
 * below `base` is of an earlier text. All zero is the beginning. Good for 4 GiB of text in all. */
struct lz {
    uint32_t base;
    uint32_t head[1 << LZ_HASH_BITS]; /* the newest position with that hash */
    uint32_t prev[LZ_WINDOW];         /* the position before it, by position modulo the window */
};

/* lz_pack writes the packed form of `size` bytes to `out`, which has room for LZ_BOUND(size), and returns its length. */
#define LZ_BOUND(size) ((size) + (size) / 128 + 1)
size_t lz_pack(struct lz *lz, const uint8_t *text, size_t size, uint8_t *out);

/* lz_unpack undoes it and returns the length of the text, or 0 where it is damaged or longer than `room`. */
size_t lz_unpack(const uint8_t *packed, size_t size, uint8_t *out, size_t room);

#endif
