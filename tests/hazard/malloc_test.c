/* malloc has a cache for each thread that no lock guards, and locks that one thread may not take twice. Blocks of goroutines that
 * are taken off and moved all the time must stay apart and keep what is in them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "hazard.h"
#include "random.h"

enum { BLOCKS = 64, EXCHANGE = 256, STEPS = 20000, MOST_BYTES = 3000 };

struct block {
    size_t size;
    unsigned char pattern;
    unsigned char bytes[];
};

static struct block *fill(struct block *b, size_t size, unsigned char pattern)
{
    if (!b)
        abort();
    b->size = size;
    b->pattern = pattern;
    for (size_t i = 0; i < size; i++)
        b->bytes[i] = (unsigned char)(pattern + i);
    return b;
}

static bool whole(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        if (b->bytes[i] != (unsigned char)(b->pattern + i))
            return false;
    return true;
}

/* Most sizes are those of malloc's cache. */
static size_t some_size(random_state *state)
{
    return (size_t)random_below(state, random_below(state, 8) ? 200 : MOST_BYTES);
}

static struct block *changed(struct block *b, random_state *state)
{
    size_t size = some_size(state);
    unsigned char pattern = (unsigned char)random_below(state, 256);

    switch (b ? random_below(state, 4) : 0) {
    case 0:
    case 1:
        free(b);
        return fill(malloc(sizeof *b + size), size, pattern);
    case 2:
        free(b);
        return fill(calloc(1, sizeof *b + size), size, pattern);
    default:
        return fill(realloc(b, sizeof *b + size), size, pattern);
    }
}

static _Atomic(struct block *) exchange[EXCHANGE];

/* With give, blocks go to others, who free them. */
static void use_blocks(bool give, int index)
{
    struct block *mine[BLOCKS] = {NULL};
    random_state state = random_seed(index);
    int broken = 0;

    for (int i = 0; i < SCALED(STEPS); i++) {
        struct block **b = &mine[random_below(&state, BLOCKS)];
        if (*b && !whole(*b))
            broken++;
        *b = changed(*b, &state);
        if (give && random_below(&state, 4) == 0)
            *b = atomic_exchange(&exchange[random_below(&state, EXCHANGE)], *b);
    }
    for (int i = 0; i < BLOCKS; i++) {
        broken += mine[i] && !whole(mine[i]);
        free(mine[i]);
    }
    CHECK_EQ(0, broken);
}

static void keep_blocks(void *arg, int index)
{
    (void)arg;
    use_blocks(false, index);
}

TEST(blocks_of_goroutines_that_are_preempted_keep_what_is_in_them)
{
    crowd(5000, keep_blocks, NULL);
}

static void give_blocks(void *arg, int index)
{
    (void)arg;
    use_blocks(true, index);
}

TEST(blocks_may_be_freed_by_goroutines_that_did_not_allocate_them)
{
    crowd(5000, give_blocks, NULL);
    for (int i = 0; i < EXCHANGE; i++)
        free(atomic_exchange(&exchange[i], NULL));
}
