/* The packed form: a byte c below 128 stands before c+1 literal bytes; a byte c from 128 up is a match of c-128+4 bytes, whose
 * distance back (1 to 65535) follows in two bytes, the low one first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lz.h"

enum { MIN_MATCH = 4, MAX_MATCH = MIN_MATCH + 127, MAX_LITERALS = 128, MAX_TRIES = 32 };

struct match {
    size_t length;
    size_t distance;
};

static uint32_t hash(const uint8_t *p)
{
    uint32_t four = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

    return four * 2654435761u >> (32 - LZ_HASH_BITS);
}

static size_t common(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t n = 0;

    while (n < limit && a[n] == b[n])
        n++;
    return n;
}

/* The longest of the newest MAX_TRIES candidates for text[i]. */
static struct match longest(const struct lz *lz, const uint8_t *text, size_t size, size_t i)
{
    struct match best = {0, 0};
    size_t limit = size - i < MAX_MATCH ? size - i : MAX_MATCH;
    uint32_t here = lz->base + (uint32_t)i;
    uint32_t at = lz->head[hash(text + i)];

    for (int tries = 0; tries < MAX_TRIES && at >= lz->base && here - at < LZ_WINDOW; tries++) {
        size_t length = common(text + (at - lz->base), text + i, limit);

        if (length > best.length) {
            best.length = length;
            best.distance = here - at;
        }
        at = lz->prev[at % LZ_WINDOW];
    }
    return best;
}

/* Makes positions i to i+count-1 findable. */
static void remember(struct lz *lz, const uint8_t *text, size_t size, size_t i, size_t count)
{
    for (size_t end = i + count; i < end && i + MIN_MATCH <= size; i++) {
        uint32_t *head = &lz->head[hash(text + i)];
        uint32_t here = lz->base + (uint32_t)i;

        lz->prev[here % LZ_WINDOW] = *head;
        *head = here;
    }
}

static size_t put_literals(const uint8_t *from, size_t count, uint8_t *out, size_t o)
{
    while (count > 0) {
        size_t run = count < MAX_LITERALS ? count : MAX_LITERALS;

        out[o++] = (uint8_t)(run - 1);
        for (size_t k = 0; k < run; k++)
            out[o++] = *from++;
        count -= run;
    }
    return o;
}

size_t lz_pack(struct lz *lz, const uint8_t *text, size_t size, uint8_t *out)
{
    size_t o = 0, i = 0, literals = 0; /* text[literals] to text[i-1] are not written yet */

    lz->base += lz->base == 0; /* 0 in the tables means "never" */
    while (i + MIN_MATCH <= size) {
        struct match m = longest(lz, text, size, i);

        if (m.length < MIN_MATCH) {
            remember(lz, text, size, i++, 1);
            continue;
        }
        o = put_literals(text + literals, i - literals, out, o);
        out[o++] = (uint8_t)(128 + m.length - MIN_MATCH);
        out[o++] = (uint8_t)m.distance;
        out[o++] = (uint8_t)(m.distance >> 8);
        remember(lz, text, size, i, m.length);
        literals = i += m.length;
    }
    o = put_literals(text + literals, size - literals, out, o);
    lz->base += (uint32_t)size;
    return o;
}

size_t lz_unpack(const uint8_t *packed, size_t size, uint8_t *out, size_t room)
{
    size_t i = 0, o = 0;

    while (i < size) {
        size_t c = packed[i++], length = c < 128 ? c + 1 : c - 128 + MIN_MATCH, distance;

        if (length > room - o || (c < 128 ? length : 2) > size - i)
            return 0;
        if (c < 128) {
            while (length-- > 0)
                out[o++] = packed[i++];
            continue;
        }
        distance = packed[i] | (size_t)packed[i + 1] << 8;
        i += 2;
        if (distance == 0 || distance > o)
            return 0;
        for (; length-- > 0; o++)
            out[o] = out[o - distance];
    }
    return o;
}
