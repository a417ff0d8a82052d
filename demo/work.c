/* One pass of computing. `nm -u` of this object and of lz.o must show nothing but each other: demo/run checks it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "work.h"

const char *const result_names[RESULTS] = {
    [FNV] = "fnv1a64",
    [ADLER] = "adler32",
    [CRC] = "crc32",
    [LINES] = "lines",
    [WORDS] = "words",
    [PACKED] = "packed_bytes",
    [PACKED_CRC] = "packed_crc32",
    [RESTORED] = "restored_bytes",
};

void work_prepare(struct work *w)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        w->crc_table[i] = c;
    }
}

static uint64_t fnv1a64(const uint8_t *p, size_t size)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static uint32_t adler32(const uint8_t *p, size_t size)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < size; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static uint32_t crc32(const struct work *w, const uint8_t *p, size_t size)
{
    uint32_t c = ~0u;

    for (size_t i = 0; i < size; i++)
        c = w->crc_table[(c ^ p[i]) & 255] ^ c >> 8;
    return ~c;
}

/* Counts as wc does: newlines, and stretches of bytes that are not blank. */
static void count(const uint8_t *p, size_t size, uint64_t *lines, uint64_t *words)
{
    int inside = 0;

    *lines = *words = 0;
    for (size_t i = 0; i < size; i++) {
        int blank = p[i] == ' ' || (p[i] >= '\t' && p[i] <= '\r');

        *lines += p[i] == '\n';
        *words += !blank && !inside;
        inside = !blank;
    }
}

static size_t equal_bytes(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t n = 0;

    while (n < size && a[n] == b[n])
        n++;
    return n;
}

void work_pass(struct work *w, struct result *found)
{
    size_t packed = lz_pack(&w->lz, w->text, w->size, w->packed);
    size_t restored = lz_unpack(w->packed, packed, w->restored, w->size);

    found->value[FNV] = fnv1a64(w->text, w->size);
    found->value[ADLER] = adler32(w->text, w->size);
    found->value[CRC] = crc32(w, w->text, w->size);
    count(w->text, w->size, &found->value[LINES], &found->value[WORDS]);
    found->value[PACKED] = packed;
    found->value[PACKED_CRC] = crc32(w, w->packed, packed);
    found->value[RESTORED] = equal_bytes(w->text, w->restored, restored);
}

int result_same(const struct result *a, const struct result *b)
{
    for (int i = 0; i < RESULTS; i++) {
        if (a->value[i] != b->value[i])
            return 0;
    }
    return 1;
}
