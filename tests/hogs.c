/* Hogs: starting and stopping them, and the loops that they run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <alloca.h>
#include <stdlib.h>
#include "hogs.h"

#define NOINLINE __attribute__((noinline))

/* Keeps the compiler from knowing the value, without an instruction. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))

static bool stopped(const atomic_bool *stop)
{
    return atomic_load_explicit(stop, memory_order_relaxed);
}

static void count(atomic_ulong *turns)
{
    atomic_fetch_add_explicit(turns, 1, memory_order_relaxed);
}

uint64_t hogs_preemptions(void)
{
    struct go_stats stats = {0};

    go_stats_read(&stats, sizeof stats);
    return stats.preemptions;
}

void hogs_crowd(crew_fn *fn, void *arg)
{
    enum { CROWD = 8, ENOUGH = 100 };
    int64_t end = test_now() + 30 * GO_SECOND;
    uint64_t before = hogs_preemptions();

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(CROWD, fn, arg);
    if (!test_can_preempt())
        return;
    while (hogs_preemptions() < before + ENOUGH && test_now() < end)
        crew_run(CROWD, fn, arg);
    CHECK_BETWEEN(ENOUGH, INT64_MAX, hogs_preemptions() - before);
}

static void hog_yielding(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); go_yield())
        count(turns);
}

static void run_hog(void *arg, int index)
{
    struct hogs *h = arg;

    h->loop(&h->stop, &h->each[index].turns);
}

struct hogs *hogs_start(int n, hog_loop *loop)
{
    struct hogs *h = test_alloc(sizeof *h + _Alignof(struct hogs));

    h = (struct hogs *)(((uintptr_t)h + _Alignof(struct hogs) - 1) & ~(_Alignof(struct hogs) - 1));
    h->loop = test_can_preempt() ? loop : hog_yielding;
    h->crew = crew_start(n, run_hog, h);
    return h;
}

void hogs_stop(struct hogs *h)
{
    atomic_store(&h->stop, true);
    crew_wait(h->crew);
}

unsigned long hogs_turns(struct hogs *h, int index)
{
    return atomic_load_explicit(&h->each[index].turns, memory_order_relaxed);
}

void hogs_wait_for_turn(struct hogs *h, int index)
{
    unsigned long before = hogs_turns(h, index);

    EVENTUALLY(hogs_turns(h, index) != before);
}

void hog_for(int64_t ns)
{
    int64_t end = test_now() + ns;

    do {
        for (int i = 0; i < 20000; i++)
            OPAQUE(i);
    } while (test_now() < end);
}

void hog_tight(const atomic_bool *stop, atomic_ulong *turns)
{
    (void)turns;
    while (!stopped(stop))
        ;
}

void hog_counting(const atomic_bool *stop, atomic_ulong *turns)
{
    while (!stopped(stop))
        atomic_store_explicit(turns, atomic_load_explicit(turns, memory_order_relaxed) + 1, memory_order_relaxed);
}

void hog_arithmetic(const atomic_bool *stop, atomic_ulong *turns)
{
    uintptr_t x = 1;

    while (!stopped(stop)) {
        for (int i = 0; i < 100000; i++) {
            x = x * 1103515245 + 12345;
            OPAQUE(x);
        }
        count(turns);
    }
}

void hog_atomic(const atomic_bool *stop, atomic_ulong *turns)
{
    while (!stopped(stop))
        count(turns);
}

static NOINLINE long leaf(long x)
{
    OPAQUE(x);
    return x + 1;
}

static NOINLINE long other_leaf(long x)
{
    OPAQUE(x);
    return x - 1;
}

void hog_calling(const atomic_bool *stop, atomic_ulong *turns)
{
    for (long x = 0; !stopped(stop); count(turns))
        for (int i = 0; i < 1000; i++)
            x = leaf(x);
}

void hog_indirect(const atomic_bool *stop, atomic_ulong *turns)
{
    static long (*volatile const table[])(long) = {leaf, other_leaf};

    for (long x = 0; !stopped(stop); count(turns))
        for (int i = 0; i < 1000; i++)
            x = table[x & 1](x);
}

static NOINLINE unsigned branch(unsigned x)
{
    switch (x % 8) {
    case 0:
        return x * 3 + 1;
    case 1:
        return x ^ 0x5555u;
    case 2:
        return x >> 3;
    case 3:
        return x - 7;
    case 4:
        return x * 5;
    case 5:
        return ~x;
    case 6:
        return x + 0x1234567u;
    default:
        return x << 1 | x >> 31;
    }
}

void hog_branching(const atomic_bool *stop, atomic_ulong *turns)
{
    for (unsigned x = 1; !stopped(stop); count(turns))
        for (int i = 0; i < 1000; i++)
            x = branch(x);
}

static NOINLINE unsigned long fibonacci(unsigned n)
{
    OPAQUE(n);
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

void hog_recursive(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); count(turns))
        if (fibonacci(16) != 987)
            test_fail(__FILE__, __LINE__, "a sum went wrong");
}

static NOINLINE long use_big_frame(long x)
{
    volatile char frame[8192];

    for (unsigned i = 0; i < sizeof frame; i += 64)
        frame[i] = (char)x;
    return frame[4096];
}

void hog_big_frame(const atomic_bool *stop, atomic_ulong *turns)
{
    for (long x = 0; !stopped(stop); x++, count(turns))
        if (use_big_frame(x) != (char)x)
            test_fail(__FILE__, __LINE__, "a byte of the frame changed");
}

static NOINLINE void use_alloca(unsigned size)
{
    volatile char *bytes = alloca(size);

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (char)i;
}

void hog_alloca(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); count(turns))
        for (unsigned size = 1; size < 4096; size = size * 2 + 1)
            use_alloca(size);
}

static NOINLINE long use_leaf_locals(long x)
{
    volatile long local[8];

    for (int i = 0; i < 8; i++)
        local[i] = x + i;
    for (int i = 0; i < 500; i++)
        local[i & 7] = local[i & 7] + 1;
    for (int i = 0; i < 8; i++)
        x += local[i] - i;
    return x;
}

void hog_leaf_locals(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); count(turns))
        if (use_leaf_locals(10) != 10 + 80 + 500)
            test_fail(__FILE__, __LINE__, "a local of a leaf changed");
}

void hog_floating(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); count(turns)) {
        volatile float f = 1;
        volatile double d = 1;
        volatile long double l = 1;

        for (int i = 0; i < 100; i++) {
            f = f * 2 / 2;
            d = d * 3 / 3;
            l = l * 5 / 5;
        }
        if (f != 1 || d != 1 || l != 1)
            test_fail(__FILE__, __LINE__, "a product went wrong");
    }
}

typedef unsigned vector __attribute__((vector_size(16)));

void hog_vector(const atomic_bool *stop, atomic_ulong *turns)
{
    vector sum = {0, 0, 0, 0}, step = {1, 2, 3, 4};

    for (unsigned n = 0; !stopped(stop); count(turns)) {
        for (int i = 0; i < 1000; i++, n++) {
            sum += step;
            __asm__ volatile("" : "+m"(sum));
        }
        if (sum[0] != n || sum[3] != n * 4)
            test_fail(__FILE__, __LINE__, "a vector went wrong");
    }
}

void hog_string(const atomic_bool *stop, atomic_ulong *turns)
{
    static char bytes[1 << 16];

    for (; !stopped(stop); count(turns)) {
#if defined(__x86_64__) || defined(__i386__)
        void *to = bytes;
        size_t n = sizeof bytes;
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(1) : "memory");
#else
        for (size_t i = 0; i < sizeof bytes; i++)
            ((volatile char *)bytes)[i] = 1;
#endif
    }
}

void hog_pushing(const atomic_bool *stop, atomic_ulong *turns)
{
    for (; !stopped(stop); count(turns)) {
#if defined(__x86_64__)
        unsigned long sum = 0;
        for (unsigned long i = 1; i <= 1000; i++)
            __asm__ volatile("lea -128(%%rsp), %%rsp; push %1; push %1; pop %%rdx; add %%rdx, %0; pop %%rdx; lea 128(%%rsp), %%rsp"
                             : "+r"(sum)
                             : "r"(i)
                             : "rdx", "cc", "memory");
        if (sum != 500500)
            test_fail(__FILE__, __LINE__, "a pushed word changed");
#else
        use_alloca(64);
#endif
    }
}
