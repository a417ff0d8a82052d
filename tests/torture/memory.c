/* malloc: what lies in one block is never in another.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "torture.h"

enum { BLOCKS = 24, ROUNDS = 60 };

struct block {
    unsigned char *bytes;
    size_t size;
    unsigned char pattern;
};

static bool is_whole(const struct block *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (b->bytes[i] != (unsigned char)(b->pattern + i * 7))
            return false;
    return true;
}

static void fill(struct block *b, struct worker *w, size_t from)
{
    if (from == 0)
        b->pattern = (unsigned char)worker_random(w, 256);
    for (size_t i = from; i < b->size; i++)
        b->bytes[i] = (unsigned char)(b->pattern + i * 7);
}

static size_t some_size(struct worker *w)
{
    static const int most[] = {32, 32, 200, 200, 1000, 5000};
    return 1 + (size_t)worker_random(w, worker_random(w, 200) ? most[worker_random(w, 6)] : 300000);
}

static void drop(struct block *b, struct worker *w)
{
    HOLDS(w, is_whole(b, b->size));
    free(b->bytes);
    b->bytes = NULL;
}

static void take(struct block *b, struct worker *w)
{
    b->size = some_size(w);
    b->bytes = malloc(b->size);
    if (HOLDS(w, b->bytes != NULL))
        fill(b, w, 0);
}

static void resize(struct block *b, struct worker *w)
{
    size_t before = b->size, after = some_size(w);
    unsigned char *bytes = realloc(b->bytes, after);

    if (!HOLDS(w, bytes != NULL))
        return;
    b->bytes = bytes;
    b->size = after;
    HOLDS(w, is_whole(b, before < after ? before : after));
    if (before < after)
        fill(b, w, before);
}

WORKLOAD(malloc_patterns)
{
    struct block blocks[BLOCKS] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        struct block *b = &blocks[worker_random(w, BLOCKS)];

        if (!b->bytes)
            take(b, w);
        else if (worker_random(w, 3) == 0)
            resize(b, w);
        else
            drop(b, w);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].bytes)
            drop(&blocks[i], w);
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

WORKLOAD(malloc_kinds)
{
    for (int i = 0; i < 12; i++) {
        size_t size = some_size(w), alignment = 64; /* mimalloc 2.0.9 by itself errs where alignments vary */
        unsigned char *zeros = calloc(size, 1);
        void *aligned = NULL;
        char *copy;

        HOLDS(w, posix_memalign(&aligned, alignment, size) == 0 && (uintptr_t)aligned % alignment == 0);
        memset(aligned, 0xA5, size);
        copy = strdup("a string of some length");
        if (HOLDS(w, zeros != NULL))
            HOLDS(w, is_zero(zeros, size));
        HOLDS(w, copy != NULL && strcmp(copy, "a string of some length") == 0);
        free(aligned);
        free(zeros);
        free(copy);
    }
}
