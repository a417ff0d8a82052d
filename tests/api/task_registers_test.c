/* Values that code holds in registers, flags and the red zone while a loop runs are the same after its preemptions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/auxv.h>

#include "child.h"
#include "emulator.h"
#include "hogs.h"

TEST(the_helpers_of_this_file_preempt)
{
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(2, hog_arithmetic);
    hogs_wait_for_turn(h, 1);
    hogs_stop(h);
}

#if defined(__x86_64__) || defined(__i386__) || defined(__arm__) || defined(__mips__)
enum { SPIN = 200000, BYTES_MAX = 32 * 64 };

typedef void hold_fn(const char *in, char *out, long spin);

struct hold {
    hold_fn *fn;
    size_t bytes;
};

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

#if defined(__x86_64__) || defined(__i386__)

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

/* Loads all registers, spins, and stores them: a hold. */
#define EACH(list, line) ".irp n," list "\n\t" line "\n\t.endr\n\t"
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

/* The 128 bytes below the stack pointer belong to a leaf function. */
static void hold_red_zone(const char *in, char *out, long spin)
{
    __asm__ volatile(
        "lea -256(%%rsp), %%rsp\n\t" /* away from what the compiler may keep there */
        EACH("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
             "mov (8*\\n-8)(%0), %%rax\n\tmov %%rax, (-8*\\n)(%%rsp)") "1:\n\tdec %2\n\tjnz 1b\n\t" EACH("1,2,3,4,5,6,7,8,9,10,11,"
                                                                                                         "12,13,14,15,16",
                                                                                                         "mov (-8*\\n)(%%rsp), "
                                                                                                         "%%rax\n\tmov %%rax, "
                                                                                                         "(8*\\n-8)(%1)") "lea "
                                                                                                                          "256(%%"
                                                                                                                          "rsp), "
                                                                                                                          "%%rsp"
        : "+r"(in), "+r"(out), "+r"(spin)
        :
        : "rax", "memory", "cc");
}

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

#elif defined(__riscv)

enum { SPIN = 200000, WIDTH_MAX = 256, REGISTERS = 32 };

static size_t width; /* of a register, in bytes */

#define EACH(line) ".irp n,0,8,16,24\n\t" line "\n\t.endr\n\t"

/* Loads all registers, spins, and stores them. Gives the vector length then, which was 7. */
static unsigned long hold_vectors(const char *in, char *out)
{
    unsigned long length, spin = SPIN;

    __asm__ volatile(".option push\n\t.option arch, +v\n\tslli t0, %4, 3\n\t" EACH(
                         "vl8re8.v v\\n, (%2)\n\tadd %2, %2, t0") "vsetivli zero, 7, e8, m1, ta, ma\n1:\n\taddi %1, %1, -1\n\tbnez "
                                                                  "%1, 1b\n\tcsrr %0, vl\n\t" EACH("vs8r.v v\\n, (%3)\n\tadd %3, "
                                                                                                   "%3, t0") ".option pop"
                     : "=&r"(length), "+r"(spin), "+r"(in), "+r"(out)
                     : "r"(width)
                     : "t0", "memory");
    return length;
}

static void hold_again_and_again(void *arg, int index)
{
    char in[REGISTERS * WIDTH_MAX], out[REGISTERS * WIDTH_MAX];

    (void)arg;
    for (size_t i = 0; i < REGISTERS * width; i++)
        in[i] = (char)((size_t)index * 37 + i);
    for (int i = 0; i < SCALED(20); i++) {
        memset(out, 0, sizeof out);
        unsigned long length = hold_vectors(in, out);
        if (!CHECK_EQ(7, length) || !CHECK_MEM(in, out, REGISTERS * width))
            return;
    }
}

/* An emulator has them if it is told to. Its frames of signals do not hold them: who uses them stops with its thread. */
TEST(vectors_are_kept)
{
    static const char variable[] = "QEMU_CPU";
    bool has_vectors = getauxval(AT_HWCAP) >> ('V' - 'A') & 1;

    if (!has_vectors && emulator_program() && !getenv(variable))
        CHECK(child_passes("vectors_are_kept", variable, "rv64,v=true"));
    else if (!has_vectors)
        SKIP("the CPU has no vectors");
    else {
        __asm__ volatile("csrr %0, 0xc22" : "=r"(width));
        CHECK_BETWEEN(1, WIDTH_MAX, width);
        hogs_crowd(hold_again_and_again, NULL);
    }
}

/* Additions to one number, by load reserved and store conditional with some way between them. */
static unsigned long number;
static atomic_ulong additions;

static void add_by_pairs(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (unsigned long i = 0; i < (unsigned long)SCALED(100000); i++)
        __asm__ volatile("1:\n\tlr.d t0, (%0)\n\t.rept 16\n\taddi t0, t0, 1\n\taddi t0, t0, -1\n\t.endr\n\t"
                         "addi t0, t0, 1\n\tsc.d t1, t0, (%0)\n\tbnez t1, 1b"
                         :
                         : "r"(&number)
                         : "t0", "t1", "memory");
    atomic_fetch_add(&additions, (unsigned long)SCALED(100000));
}

TEST(a_pair_of_load_reserved_and_store_conditional_begins_anew)
{
    number = 0;
    atomic_store(&additions, 0);
    hogs_crowd(add_by_pairs, NULL);
    CHECK_EQ(atomic_load(&additions), number);
}

#endif

#if defined(__mips64)

/* clang-format off */
#define ALL_32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define KEPT   "16,17,18,19,20,21,22,23,28,30,31"
#define OTHERS "1,2,3,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not $4 to $6, the kernel's, sp */
#define RAW    ".set push\n\t.set noreorder\n\t.set noat\n\t"
#define CLOBBERS                                                                                                                   \
    "memory", "$f0", "$f1", "$f2", "$f3", "$f4", "$f5", "$f6", "$f7", "$f8", "$f9", "$f10", "$f11", "$f12", "$f13", "$f14",        \
        "$f15", "$f16", "$f17", "$f18", "$f19", "$f20", "$f21", "$f22", "$f23", "$f24", "$f25", "$f26", "$f27", "$f28", "$f29",    \
        "$f30", "$f31"
#define EACH(list, line) ".irp n," list "\n\t" line "\n\t.endr\n\t"

static void hold_floats(const char *in, char *out, long spin)
{
    __asm__ volatile(RAW EACH(ALL_32, "ldc1 $f\\n, (8*\\n)(%0)")
                     "1:\n\tbnez %2, 1b\n\tdaddiu %2, %2, -1\n\t"
                     EACH(ALL_32, "sdc1 $f\\n, (8*\\n)(%1)") ".set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : CLOBBERS);
}

TEST(the_registers_of_the_fpu_are_kept)
{
    check_hold(hold_floats, 32 * 8);
}

/* And HI and LO, in the places of two that are not held. What counts, counts in the delay slot. */
static void hold_integers(const char *from, char *to, long turns)
{
    register const char *in __asm__("$5") = from;
    register char *out __asm__("$6") = to;
    register long spin __asm__("$4") = turns;
    __asm__ volatile(RAW "daddiu $29, $29, -272\n\t" EACH("6," KEPT, "sd $\\n, (8*\\n)($29)")
                     "ld $8, 208($5)\n\tmthi $8\n\tld $8, 216($5)\n\tmtlo $8\n\tld $6, 48($5)\n\t"
                     EACH(OTHERS, "ld $\\n, (8*\\n)($5)")
                     "1:\n\tbnez $4, 1b\n\tdaddiu $4, $4, -1\n\t"
                     "sd $6, 256($29)\n\tld $6, 48($29)\n\t"
                     EACH(OTHERS, "sd $\\n, (8*\\n)($6)")
                     "ld $8, 256($29)\n\tsd $8, 48($6)\n\tmfhi $8\n\tsd $8, 208($6)\n\tmflo $8\n\tsd $8, 216($6)\n\t"
                     EACH("0,4,5,29", "ld $8, (8*\\n)($5)\n\tsd $8, (8*\\n)($6)")
                     EACH(KEPT, "ld $\\n, (8*\\n)($29)") "daddiu $29, $29, 272\n\t.set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "$1", "$2", "$3", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo",
                       "memory");
}

TEST(all_integer_registers_are_kept)
{
    check_hold(hold_integers, 32 * 8);
}

static void hold_vectors(const char *in, char *out, long spin)
{
    __asm__ volatile(RAW ".set mips64r5\n\t.set msa\n\t" EACH(ALL_32, "ld.d $w\\n, (16*\\n)(%0)")
                     "1:\n\tbnez %2, 1b\n\tdaddiu %2, %2, -1\n\t"
                     EACH(ALL_32, "st.d $w\\n, (16*\\n)(%1)") ".set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : CLOBBERS);
}
/* clang-format on */

/* An emulator has them if it is told to. Its frames of signals do not hold them: who uses them stops with its thread. */
TEST(vectors_are_kept)
{
    static const char variable[] = "QEMU_CPU", model[] = "Loongson-3A4000";
    const char *now = getenv(variable);
    bool has_vectors = getauxval(AT_HWCAP) >> 1 & 1;

    if (!has_vectors && emulator_program() && !(now && !strcmp(now, model)))
        CHECK(child_passes("vectors_are_kept", variable, model));
    else if (!has_vectors)
        SKIP("the CPU has no vectors");
    else
        check_hold(hold_vectors, 32 * 16);
}

/* Additions to one number, by load linked and store conditional with some way between them. */
static unsigned long number __attribute__((aligned(64)));
static atomic_ulong additions;

static void add_by_pairs(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (unsigned long i = 0; i < (unsigned long)SCALED(100000); i++)
        __asm__ volatile(RAW "1:\n\tlld $2, 0(%0)\n\t.rept 16\n\tdaddiu $2, $2, 1\n\tdaddiu $2, $2, -1\n\t.endr\n\t"
                             "daddiu $2, $2, 1\n\tscd $2, 0(%0)\n\tbeqz $2, 1b\n\tnop\n\t.set pop"
                         :
                         : "r"(&number)
                         : "$2", "memory");
    atomic_fetch_add(&additions, (unsigned long)SCALED(100000));
}

TEST(a_pair_of_load_linked_and_store_conditional_begins_anew)
{
    number = 0;
    atomic_store(&additions, 0);
    hogs_crowd(add_by_pairs, NULL);
    CHECK_EQ(atomic_load(&additions), number);
}

#endif

#if defined(__mips__) && !defined(__mips64)

/* clang-format off */
#define EVEN   "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30"
#define KEPT   "16,17,18,19,20,21,22,23,28,30,31"
#define OTHERS "1,2,3,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not $4 to $6, the kernel's, sp */
#define RAW    ".set push\n\t.set noreorder\n\t.set noat\n\t"
#define EACH(list, line) ".irp n," list "\n\t" line "\n\t.endr\n\t"

/* Of 64 bits each, or in pairs of 32. */
static void hold_floats(const char *in, char *out, long spin)
{
    __asm__ volatile(RAW EACH(EVEN, "ldc1 $f\\n, (4*\\n)(%0)")
                     "1:\n\tbnez %2, 1b\n\taddiu %2, %2, -1\n\t"
                     EACH(EVEN, "sdc1 $f\\n, (4*\\n)(%1)") ".set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "memory", "$f0", "$f2", "$f4", "$f6", "$f8", "$f10", "$f12", "$f14", "$f16", "$f18", "$f20", "$f22", "$f24",
                       "$f26", "$f28", "$f30");
}

TEST(the_registers_of_the_fpu_are_kept)
{
    check_hold(hold_floats, 16 * 8);
}

/* And HI and LO, in the places of two that are not held. What counts, counts behind the jump. */
static void hold_integers(const char *from, char *to, long turns)
{
    register const char *in __asm__("$5") = from;
    register char *out __asm__("$6") = to;
    register long spin __asm__("$4") = turns;
    __asm__ volatile(RAW "addiu $29, $29, -136\n\t" EACH("6," KEPT, "sw $\\n, (4*\\n)($29)")
                     "lw $8, 104($5)\n\tmthi $8\n\tlw $8, 108($5)\n\tmtlo $8\n\tlw $6, 24($5)\n\t"
                     EACH(OTHERS, "lw $\\n, (4*\\n)($5)")
                     "1:\n\tbnez $4, 1b\n\taddiu $4, $4, -1\n\t"
                     "sw $6, 128($29)\n\tlw $6, 24($29)\n\t"
                     EACH(OTHERS, "sw $\\n, (4*\\n)($6)")
                     "lw $8, 128($29)\n\tsw $8, 24($6)\n\tmfhi $8\n\tsw $8, 104($6)\n\tmflo $8\n\tsw $8, 108($6)\n\t"
                     EACH("0,4,5,29", "lw $8, (4*\\n)($5)\n\tsw $8, (4*\\n)($6)")
                     EACH(KEPT, "lw $\\n, (4*\\n)($29)") "addiu $29, $29, 136\n\t.set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "$1", "$2", "$3", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo",
                       "memory");
}
/* clang-format on */

TEST(all_integer_registers_are_kept)
{
    check_hold(hold_integers, 32 * 4);
}

/* Additions to one number, by load linked and store conditional with some way between them. */
static unsigned long number __attribute__((aligned(64)));
static atomic_ulong additions;

static void add_by_pairs(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (unsigned long i = 0; i < (unsigned long)SCALED(100000); i++)
        __asm__ volatile(RAW "1:\n\tll $2, 0(%0)\n\t.rept 16\n\taddiu $2, $2, 1\n\taddiu $2, $2, -1\n\t.endr\n\t"
                             "addiu $2, $2, 1\n\tsc $2, 0(%0)\n\tbeqz $2, 1b\n\tnop\n\t.set pop"
                         :
                         : "r"(&number)
                         : "$2", "memory");
    atomic_fetch_add(&additions, (unsigned long)SCALED(100000));
}

TEST(a_pair_of_load_linked_and_store_conditional_begins_anew)
{
    number = 0;
    atomic_store(&additions, 0);
    hogs_crowd(add_by_pairs, NULL);
    CHECK_EQ(atomic_load(&additions), number);
}

#endif

#if defined(__arm__)

#include <sys/auxv.h>

#define VECTORS "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15"

static void hold_vectors(const char *in, char *out, long spin)
{
    __asm__ volatile("vldmia %0, {d0-d15}\n1:\tsubs %2, %2, #1\n\tbne 1b\n\tvstmia %1, {d0-d15}"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : VECTORS, "memory", "cc");
}

TEST(the_registers_of_the_fpu_are_kept)
{
    check_hold(hold_vectors, 16 * 8);
}

static void hold_more_vectors(const char *in, char *out, long spin)
{
    __asm__ volatile(".fpu neon\n\tvldmia %0, {d16-d31}\n1:\tsubs %2, %2, #1\n\tbne 1b\n\tvstmia %1, {d16-d31}\n\t.fpu vfpv3-d16"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "memory", "cc");
}

TEST(so_are_the_other_sixteen)
{
    enum { HAS_D32 = 1 << 19 };

    if (!(getauxval(AT_HWCAP) & HAS_D32))
        SKIP("the CPU has sixteen");
    check_hold(hold_more_vectors, 16 * 8);
}

static void hold_integers(const char *from, char *to, long turns)
{
    register const char *in __asm__("r0") = from;
    register char *out __asm__("r1") = to;
    register long spin __asm__("r2") = turns;
    __asm__ volatile(
        "push {r7, r11}\n\tpush {r1, r2}\n\tmov lr, r0\n\tldm lr, {r0-r11}\n\tldr r12, [lr, #48]\n\tpop {lr}\n\tpush {r0}\n\t"
        "ldr r0, [sp, #4]\n1:\tsubs r0, r0, #1\n\tbne 1b\n\tpop {r0}\n\tstm lr, {r0-r11}\n\tstr r12, [lr, #48]\n\t"
        "add sp, sp, #4\n\tpop {r7, r11}"
        : "+r"(in), "+r"(out), "+r"(spin)
        :
        : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "memory", "cc");
}

TEST(all_integer_registers_are_kept)
{
    check_hold(hold_integers, 13 * 4);
}

/* Additions to one number, by exclusive load and store with some way between them. */
static unsigned long number __attribute__((aligned(64)));
static atomic_ulong additions;

static void add_by_pairs(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (unsigned long i = 0; i < (unsigned long)SCALED(100000); i++)
        __asm__ volatile("1:\n\tldrex r2, [%0]\n\t.rept 16\n\tadd r2, r2, #1\n\tsub r2, r2, #1\n\t.endr\n\t"
                         "add r2, r2, #1\n\tstrex r3, r2, [%0]\n\tcmp r3, #0\n\tbne 1b"
                         :
                         : "r"(&number)
                         : "r2", "r3", "cc", "memory");
    atomic_fetch_add(&additions, (unsigned long)SCALED(100000));
}

TEST(a_pair_of_exclusive_load_and_store_begins_anew)
{
    number = 0;
    atomic_store(&additions, 0);
    hogs_crowd(add_by_pairs, NULL);
    CHECK_EQ(atomic_load(&additions), number);
}

#endif
