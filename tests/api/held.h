/* Goroutines that load registers, spin, and store them, while they are taken off their processors again and again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_HELD_H
#define TESTS_API_HELD_H

#include "hogs.h"

enum { SPIN = 200000, BYTES_MAX = 32 * 256 };

/* Loads as many bytes as there are from in, counts spin down to 0, and stores them to out. */
typedef void hold_fn(const char *in, char *out, long spin);

struct hold {
    hold_fn *fn;
    size_t bytes;
};

/* An instruction for each number of a list, in which \\n is the number. */
#define EACH(list, line) ".irp n," list "\n\t" line "\n\t.endr\n\t"

static void hold_again_and_again(void *arg, int index)
{
    const struct hold *h = arg;
    char in[BYTES_MAX], out[BYTES_MAX];

    for (size_t i = 0; i < h->bytes; i++)
        in[i] = (char)((size_t)index * 37 + i);
    for (int i = 0; i < SCALED(20); i++) {
        memset(out, 0, h->bytes);
        h->fn(in, out, SPIN);
        if (!CHECK_MEM(in, out, h->bytes))
            return;
    }
}

static void check_hold(hold_fn *fn, size_t bytes)
{
    struct hold *h = test_alloc(sizeof *h);

    *h = (struct hold){fn, bytes};
    hogs_crowd(hold_again_and_again, h);
}

#endif
