/* A clock that is read by one instruction where the CPU has one, so that reading it can be interrupted like any other code
 * of the program; clock_gettime elsewhere.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TICKS_H
#define BENCH_TICKS_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline int64_t ticks_read(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return (int64_t)__builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    int64_t t;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t));
    return t;
#elif defined(__riscv)
    int64_t t;
    __asm__ volatile("rdtime %0" : "=r"(t));
    return t;
#else
    return clock_ns();
#endif
}

/* ticks_per_ns measures for 20 ms how many ticks a nanosecond has. */
static inline double ticks_per_ns(void)
{
    int64_t ns = clock_ns(), ticks = ticks_read(), now = ns;
    while (now < ns + 20000000)
        now = clock_ns();
    return (double)(ticks_read() - ticks) / (double)(now - ns);
}

#endif
