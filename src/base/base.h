/* Words every floor uses: attributes, arithmetic, finding the struct around a member.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOINLINE                 __attribute__((noinline))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define CACHE_LINE               64
#define CACHE_ALIGNED            __attribute__((aligned(CACHE_LINE)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define array_size(array)                   (sizeof(array) / sizeof((array)[0]))

#define TIME_NEVER INT64_MAX

static inline uintptr_t round_up(uintptr_t value, uintptr_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline uintptr_t round_down(uintptr_t value, uintptr_t power_of_two)
{
    return value & ~(power_of_two - 1);
}

/* One step of a xorshift generator: good enough to spread choices, never zero while the state is not. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
