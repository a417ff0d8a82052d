/* What an amd64 CPU holds in registers while a loop runs, and after it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "torture.h"

enum { SPIN = 60000, BYTES_MAX = 32 * 64 };

#define LOW_16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define ALL_32 LOW_16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define CLOBBERS                                                                                                                   \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",   \
        "xmm15", "memory", "cc"

/* Loads all registers of the list, spins, and stores them. */
#define EACH(list, line) ".irp n," list "\n\t" line "\n\t.endr\n\t"
#define HOLD(list, load, store, after)                                                                                             \
    long spin = SPIN;                                                                                                              \
    __asm__ volatile(EACH(list, load) "1:\n\tdec %2\n\tjnz 1b\n\t" EACH(list, store) after                                         \
                     : "+r"(in), "+r"(out), "+r"(spin)                                                                             \
                     :                                                                                                             \
                     : CLOBBERS)

typedef void hold_fn(const char *in, char *out);

static void hold(struct worker *w, hold_fn *fn, size_t bytes)
{
    char in[BYTES_MAX], out[BYTES_MAX];
    int first = worker_random(w, 256);

    for (size_t i = 0; i < bytes; i++)
        in[i] = (char)(first + (int)i * 3);
    memset(out, 0, bytes);
    fn(in, out);
    HOLDS(w, memcmp(in, out, bytes) == 0);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static void hold_avx2(const char *in, char *out)
{
    HOLD(LOW_16, "vmovdqu (32*\\n)(%0), %%ymm\\n", "vmovdqu %%ymm\\n, (32*\\n)(%1)", "vzeroupper");
}

WORKLOAD(avx2, .usable = has_avx2)
{
    hold(w, hold_avx2, 16 * 32);
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static void hold_avx512(const char *in, char *out)
{
    HOLD(ALL_32, "vmovdqu64 (64*\\n)(%0), %%zmm\\n", "vmovdqu64 %%zmm\\n, (64*\\n)(%1)", "vzeroupper");
}

static void hold_masks(const char *in, char *out)
{
    HOLD("0,1,2,3,4,5,6,7", "kmovw (2*\\n)(%0), %%k\\n", "kmovw %%k\\n, (2*\\n)(%1)", "");
}

WORKLOAD(avx512, .usable = has_avx512)
{
    hold(w, hold_avx512, 32 * 64);
    hold(w, hold_masks, 8 * 2);
}

static void hold_sse(const char *in, char *out)
{
    HOLD(LOW_16, "movdqu (16*\\n)(%0), %%xmm\\n", "movdqu %%xmm\\n, (16*\\n)(%1)", "");
}

WORKLOAD(sse)
{
    hold(w, hold_sse, 16 * 16);
}

/* The rounding mode and what becomes of denormals; the rest says what has happened. */
WORKLOAD(mxcsr)
{
    uint32_t before, mine = 0x1F80 | (uint32_t)worker_random(w, 4) << 13 | (uint32_t)worker_random(w, 2) << 15, after = 0;

    __asm__ volatile("stmxcsr %0" : "=m"(before));
    HOLDS(w, (before & ~0x3Fu) == 0x1F80);
    __asm__ volatile("ldmxcsr %0" : : "m"(mine));
    worker_computes(w);
    __asm__ volatile("stmxcsr %0" : "=m"(after));
    __asm__ volatile("ldmxcsr %0" : : "m"(before));
    HOLDS(w, (after & ~0x3Fu) == mine);
}

/* Precision and rounding; and values on its stack. */
WORKLOAD(x87)
{
    static const uint16_t precisions[] = {0x000, 0x200, 0x300};
    uint16_t before, after = 0;
    uint16_t mine = (uint16_t)(0x3F | 0x40 | precisions[worker_random(w, 3)] | worker_random(w, 4) << 10);
    double in[2] = {worker_random(w, 1000), worker_random(w, 1000)}, out[2] = {0, 0};
    long spin = SPIN;

    __asm__ volatile("fnstcw %0" : "=m"(before));
    HOLDS(w, (before | 0x40) == 0x37F);
    __asm__ volatile("fldcw %5\n\tfldl %3\n\tfldl %4\n1:\n\tdec %2\n\tjnz 1b\n\tfstpl %1\n\tfstpl %0\n\tfnstcw %6\n\tfldcw %7"
                     : "=m"(out[0]), "=m"(out[1]), "+r"(spin)
                     : "m"(in[0]), "m"(in[1]), "m"(mine), "m"(after), "m"(before)
                     : "memory", "cc", "st", "st(1)");
    HOLDS(w, out[0] == in[0] && out[1] == in[1]);
    HOLDS(w, *(volatile uint16_t *)&after == mine);
}

/* The flag of the direction of copies. */
WORKLOAD(direction_flag)
{
    unsigned long flags;
    long spin = SPIN;

    __asm__ volatile("std\n1:\n\tdec %1\n\tjnz 1b\n\tpushfq\n\tpopq %0\n\tcld" : "=r"(flags), "+r"(spin) : : "cc", "memory");
    HOLDS(w, flags & 0x400);
}
