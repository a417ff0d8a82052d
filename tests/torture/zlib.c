/* zlib: there and back.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "torture.h"

enum { INPUT = 12 * 1024 };

/* Text with repetitions, the same for the same seed. */
static void write_text(unsigned seed, unsigned char *text)
{
    unsigned state = seed * 2654435761u + 1;

    for (int i = 0; i < INPUT; i++) {
        state = state * 1103515245u + 12345u;
        text[i] = i > 300 && state >> 30 ? text[i - 200 - (int)(seed * 7)] : (unsigned char)('a' + (state >> 16) % 26);
    }
}

static size_t compressed(unsigned seed, unsigned char *bytes, size_t room)
{
    unsigned char *text = malloc(INPUT), *back = malloc(INPUT);
    uLongf length = room, again = INPUT;

    if (text && back) {
        write_text(seed, text);
        if (compress2(bytes, &length, text, INPUT, 1 + (int)seed % 9) != Z_OK || uncompress(back, &again, bytes, length) != Z_OK ||
            again != INPUT || memcmp(text, back, INPUT) != 0 || crc32(0, text, INPUT) != crc32(0, back, INPUT))
            length = 0;
    } else {
        length = 0;
    }
    free(text);
    free(back);
    return length;
}

static struct results results = {.fn = compressed};

static void prepare(void)
{
    results_prepare(&results);
}

WORKLOAD(zlib, .prepare = prepare)
{
    results_compare(&results, w);
}
