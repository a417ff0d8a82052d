/* Random numbers for tests: a small state for each goroutine, the same row for the same seed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stdint.h>

typedef uint64_t random_state;

static inline random_state random_seed(int index)
{
    return ((uint64_t)index + 1) * 0x9E3779B97F4A7C15u;
}

/* A number of 0 to below-1. */
static inline int random_below(random_state *s, int below)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return (int)((*s >> 33) % (uint64_t)below);
}

#endif
