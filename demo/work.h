/* What the demo computes: checksums, counts, and a compression with its way back, over one text. Calls no library.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DEMO_WORK_H
#define DEMO_WORK_H

#include "lz.h"

/* What one pass over the text finds. All of it follows from the text alone, so every pass must find the same. */
enum { FNV, ADLER, CRC, LINES, WORDS, PACKED, PACKED_CRC, RESTORED, RESULTS };
extern const char *const result_names[RESULTS];

struct result {
    uint64_t value[RESULTS];
};

/* One worker's own memory, all zero at first; the caller sets text, size, packed (LZ_BOUND(size) bytes) and restored (size). */
struct work {
    const uint8_t *text;
    size_t size;
    uint8_t *packed;
    uint8_t *restored;
    uint32_t crc_table[256];
    struct lz lz;
};

void work_prepare(struct work *w);
void work_pass(struct work *w, struct result *found);
int result_same(const struct result *a, const struct result *b);

#endif
