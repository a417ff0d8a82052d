/* amd64 and 386: vectors, the red zone, x87, flags.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_REGISTERS_X86_H
#define TESTS_API_REGISTERS_X86_H

#include "held.h"

#ifdef __x86_64__
#define REGISTERS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define VECTORS   16
#define CLOBBERS                                                                                                                   \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",   \
        "xmm15", "memory", "cc"
#else
#define REGISTERS "0,1,2,3,4,5,6,7"
#define VECTORS   8
#ifdef __SSE__
#define CLOBBERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "memory", "cc"
#else
#define CLOBBERS "memory", "cc" /* a compiler that makes no use of them does not know them */
#endif
#endif

/* A hold_fn's body. */
#define HOLD(list, load, store, after)                                                                                             \
    __asm__ volatile(EACH(list, load) "1:\n\tdec %2\n\tjnz 1b\n\t" EACH(list, store) after                                         \
                     : "+r"(in), "+r"(out), "+r"(spin)                                                                             \
                     :                                                                                                             \
                     : CLOBBERS)

static void hold_sse(const char *in, char *out, long spin)
{
    HOLD(REGISTERS, "movdqu (16*\\n)(%0), %%xmm\\n", "movdqu %%xmm\\n, (16*\\n)(%1)", "");
}

TEST(vector_registers_are_kept)
{
    if (!__builtin_cpu_supports("sse2"))
        SKIP("the CPU has no SSE2");
    check_hold(hold_sse, VECTORS * 16);
}

static void hold_avx(const char *in, char *out, long spin)
{
    HOLD(REGISTERS, "vmovdqu (32*\\n)(%0), %%ymm\\n", "vmovdqu %%ymm\\n, (32*\\n)(%1)", "vzeroupper");
}

TEST(the_upper_halves_of_256_bit_vectors_are_kept)
{
    if (!__builtin_cpu_supports("avx2"))
        SKIP("the CPU has no AVX2");
    check_hold(hold_avx, VECTORS * 32);
}

#ifdef __x86_64__
#define ALL_32 REGISTERS ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

static void hold_avx512(const char *in, char *out, long spin)
{
    HOLD(ALL_32, "vmovdqu64 (64*\\n)(%0), %%zmm\\n", "vmovdqu64 %%zmm\\n, (64*\\n)(%1)", "vzeroupper");
}

TEST(all_32_512_bit_vectors_are_kept)
{
    if (!__builtin_cpu_supports("avx512f"))
        SKIP("the CPU has no AVX-512");
    check_hold(hold_avx512, 32 * 64);
}

static void hold_masks(const char *in, char *out, long spin)
{
    HOLD("0,1,2,3,4,5,6,7", "kmovw (2*\\n)(%0), %%k\\n", "kmovw %%k\\n, (2*\\n)(%1)", "");
}

TEST(the_mask_registers_of_avx512_are_kept)
{
    if (!__builtin_cpu_supports("avx512f"))
        SKIP("the CPU has no AVX-512");
    check_hold(hold_masks, 8 * 2);
}

/* clang-format off */
/* The 128 bytes below the stack pointer belong to a leaf function. This goes away from what the compiler may keep there. */
static void hold_red_zone(const char *in, char *out, long spin)
{
    __asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
                     EACH("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "mov (8*\\n-8)(%0), %%rax\n\tmov %%rax, (-8*\\n)(%%rsp)")
                     "1:\n\tdec %2\n\tjnz 1b\n\t"
                     EACH("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "mov (-8*\\n)(%%rsp), %%rax\n\tmov %%rax, (8*\\n-8)(%1)")
                     "lea 256(%%rsp), %%rsp"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "rax", "memory", "cc");
}
/* clang-format on */

TEST(the_red_zone_is_kept)
{
    check_hold(hold_red_zone, 128);
}

static void hold_integers(const char *in, char *out, long spin)
{
    __asm__ volatile("lea -256(%%rsp), %%rsp\n\tpush %%rbp\n\tpush %%rbx\n\tpush %1\n\tpush %2\n\tmov %0, %%rdi\n\t"
                     "mov (%%rdi), %%rax\n\tmov 8(%%rdi), %%rbx\n\tmov 16(%%rdi), %%rdx\n\tmov 24(%%rdi), %%rsi\n\t"
                     "mov 32(%%rdi), %%rbp\n\tmov 40(%%rdi), %%r8\n\tmov 48(%%rdi), %%r9\n\tmov 56(%%rdi), %%r10\n\t"
                     "mov 64(%%rdi), %%r11\n\tmov 72(%%rdi), %%r12\n\tmov 80(%%rdi), %%r13\n\tmov 88(%%rdi), %%r14\n\t"
                     "mov 96(%%rdi), %%r15\n\tmov 104(%%rdi), %%rdi\n\tpop %%rcx\n\t"
                     "1:\n\tdec %%rcx\n\tjnz 1b\n\tpop %%rcx\n\t"
                     "mov %%rax, (%%rcx)\n\tmov %%rbx, 8(%%rcx)\n\tmov %%rdx, 16(%%rcx)\n\tmov %%rsi, 24(%%rcx)\n\t"
                     "mov %%rbp, 32(%%rcx)\n\tmov %%r8, 40(%%rcx)\n\tmov %%r9, 48(%%rcx)\n\tmov %%r10, 56(%%rcx)\n\t"
                     "mov %%r11, 64(%%rcx)\n\tmov %%r12, 72(%%rcx)\n\tmov %%r13, 80(%%rcx)\n\tmov %%r14, 88(%%rcx)\n\t"
                     "mov %%r15, 96(%%rcx)\n\tmov %%rdi, 104(%%rcx)\n\tpop %%rbx\n\tpop %%rbp\n\tlea 256(%%rsp), %%rsp"
                     : "+a"(in), "+c"(out), "+d"(spin)
                     :
                     : "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

TEST(all_integer_registers_are_kept)
{
    check_hold(hold_integers, 14 * 8);
}
#endif

/* Five of the eight x87 registers, the control word with the precision lowered, and the condition bits of the status word. */
static void hold_x87(const char *in, char *out, long spin)
{
    unsigned short normal, low, kept;

    __asm__ volatile("fnstcw %0" : "=m"(normal));
    low = (unsigned short)((normal & ~0x300u) | 0x200u); /* 53 bits instead of 64 */
    __asm__ volatile("fldcw %4\n\tfldt (%0)\n\tfldt 10(%0)\n\tfldt 20(%0)\n\tfldt 30(%0)\n\tfldt 40(%0)\n\t"
                     "1:\n\tdec %2\n\tjnz 1b\n\t"
                     "fstpt 40(%1)\n\tfstpt 30(%1)\n\tfstpt 20(%1)\n\tfstpt 10(%1)\n\tfstpt (%1)\n\tfnstcw %3\n\tfldcw %5"
                     : "+r"(in), "+r"(out), "+r"(spin), "=m"(kept)
                     : "m"(low), "m"(normal)
                     : "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)");
    CHECK_EQ(low & 0xf3f, kept & 0xf3f);
}

static void hold_x87_again_and_again(void *arg, int index)
{
    long double values[5];
    char in[50], out[50];

    (void)arg;
    for (int i = 0; i < 5; i++) {
        values[i] = index + i / 3.0L;
        memcpy(in + 10 * i, &values[i], 10);
    }
    for (int i = 0; i < SCALED(20); i++) {
        memset(out, 0, sizeof out);
        hold_x87(in, out, SPIN);
        if (!CHECK_MEM(in, out, sizeof in))
            return;
    }
}

TEST(the_x87_stack_and_control_word_are_kept)
{
    hogs_crowd(hold_x87_again_and_again, NULL);
}

/* While the direction flag is set, string instructions run downward, and the library's must not. */
static void hold_direction(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(20); i++) {
        uintptr_t flags;
        long spin = SPIN;

        __asm__ volatile("std\n\t1:\n\tdec %1\n\tjnz 1b\n\t"
#ifdef __x86_64__
                         "lea -128(%%rsp), %%rsp\n\tpushf\n\tpop %0\n\tlea 128(%%rsp), %%rsp\n\tcld"
#else
                         "pushf\n\tpop %0\n\tcld"
#endif
                         : "=r"(flags), "+r"(spin)
                         :
                         : "memory", "cc");
        if (!CHECK(flags & 0x400))
            return;
    }
}

TEST(the_direction_flag_is_kept_and_does_not_disturb_the_library)
{
    hogs_crowd(hold_direction, NULL);
}

/* All six arithmetic flags at once. */
static void hold_flags(void *arg, int index)
{
    static const unsigned masks[] = {0x0d5, 0x001, 0x040, 0x080, 0x004, 0x010};
    uintptr_t mine = masks[(unsigned)index % 6];
    uintptr_t of = (unsigned)index % 2 ? 0x800 : 0;

    (void)arg;
    mine |= of;
    for (int i = 0; i < SCALED(20); i++) {
        uintptr_t flags, spin = SPIN;

        __asm__ volatile(
#ifdef __x86_64__
            "lea -128(%%rsp), %%rsp\n\tpush %2\n\tpopf\n\t1:\n\tlea -1(%1), %1\n\tjrcxz 2f\n\tjmp 1b\n\t2:\n\tpushf\n\tpop %0\n\t"
            "lea 128(%%rsp), %%rsp"
#else
            "push %2\n\tpopf\n\t1:\n\tlea -1(%1), %1\n\tjecxz 2f\n\tjmp 1b\n\t2:\n\tpushf\n\tpop %0"
#endif
            : "=&r"(flags), "+c"(spin)
            : "r"(mine | 0x202)
            : "memory", "cc");
        if (!CHECK_EQ(mine, flags & 0x8d5))
            return;
    }
}

TEST(all_arithmetic_flags_are_kept)
{
    hogs_crowd(hold_flags, NULL);
}

#endif
