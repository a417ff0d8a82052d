/* mips and mips64: integers, HI and LO, the registers of floating point, vectors, pairs of load linked and store conditional.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_REGISTERS_MIPS_H
#define TESTS_API_REGISTERS_MIPS_H

#include <sys/auxv.h>

#include "emulator.h"
#include "held.h"

/* clang-format off */
#define EVEN_CLOBBERS                                                                                                              \
    "memory", "$f0", "$f2", "$f4", "$f6", "$f8", "$f10", "$f12", "$f14", "$f16", "$f18", "$f20", "$f22", "$f24", "$f26", "$f28",   \
        "$f30"

#ifdef __mips64
#define WORD_BYTES   8
#define WORD         "8"
#define LOAD         "ld"
#define STORE        "sd"
#define ADD          "daddiu"
#define LOAD_LINKED  "lld"
#define STORE_IF     "scd"
#define FLOATS       ALL_32
#define CLOBBERS                                                                                                                   \
    EVEN_CLOBBERS, "$f1", "$f3", "$f5", "$f7", "$f9", "$f11", "$f13", "$f15", "$f17", "$f19", "$f21", "$f23", "$f25", "$f27",      \
        "$f29", "$f31"
#else
#define WORD_BYTES   4
#define WORD         "4"
#define LOAD         "lw"
#define STORE        "sw"
#define ADD          "addiu"
#define LOAD_LINKED  "ll"
#define STORE_IF     "sc"
#define FLOATS       "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30" /* of 64 bits each, or in pairs of 32 */
#define CLOBBERS     EVEN_CLOBBERS
#endif

#define ALL_32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define KEPT   "16,17,18,19,20,21,22,23,28,30,31"
#define OTHERS "1,2,3,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not $4 to $6, the kernel's, sp */
#define RAW    ".set push\n\t.set noreorder\n\t.set noat\n\t"

/* The n-th word from what a register holds. */
#define AT(n, base) "(" WORD "*" n ")(" base ")"
#define N           "\\n"

/* A hold_fn's body. What counts, counts in the delay slot. */
#define HOLD(load, store)                                                                                                          \
    __asm__ volatile(RAW load "1:\n\tbnez %2, 1b\n\t" ADD " %2, %2, -1\n\t" store ".set pop"                                       \
                     : "+r"(in), "+r"(out), "+r"(spin)                                                                             \
                     :                                                                                                             \
                     : CLOBBERS)

static void hold_floats(const char *in, char *out, long spin)
{
    HOLD(EACH(FLOATS, "ldc1 $f\\n, " AT(N, "%0")), EACH(FLOATS, "sdc1 $f\\n, " AT(N, "%1")));
}

TEST(the_registers_of_the_fpu_are_kept)
{
    check_hold(hold_floats, 32 * WORD_BYTES);
}

/* And HI and LO, in the places of two that are not held. */
static void hold_integers(const char *from, char *to, long turns)
{
    register const char *in __asm__("$5") = from;
    register char *out __asm__("$6") = to;
    register long spin __asm__("$4") = turns;
    __asm__ volatile(RAW ADD " $29, $29, -(34*" WORD ")\n\t" EACH("6," KEPT, STORE " $\\n, " AT(N, "$29"))
                     LOAD " $8, " AT("26", "$5") "\n\tmthi $8\n\t" LOAD " $8, " AT("27", "$5") "\n\tmtlo $8\n\t"
                     LOAD " $6, " AT("6", "$5") "\n\t"
                     EACH(OTHERS, LOAD " $\\n, " AT(N, "$5"))
                     "1:\n\tbnez $4, 1b\n\t" ADD " $4, $4, -1\n\t"
                     STORE " $6, " AT("32", "$29") "\n\t" LOAD " $6, " AT("6", "$29") "\n\t"
                     EACH(OTHERS, STORE " $\\n, " AT(N, "$6"))
                     LOAD " $8, " AT("32", "$29") "\n\t" STORE " $8, " AT("6", "$6") "\n\t"
                     "mfhi $8\n\t" STORE " $8, " AT("26", "$6") "\n\tmflo $8\n\t" STORE " $8, " AT("27", "$6") "\n\t"
                     EACH("0,4,5,29", LOAD " $8, " AT(N, "$5") "\n\t" STORE " $8, " AT(N, "$6"))
                     EACH(KEPT, LOAD " $\\n, " AT(N, "$29")) ADD " $29, $29, 34*" WORD "\n\t.set pop"
                     : "+r"(in), "+r"(out), "+r"(spin)
                     :
                     : "$1", "$2", "$3", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo",
                       "memory");
}

TEST(all_integer_registers_are_kept)
{
    check_hold(hold_integers, 32 * WORD_BYTES);
}

#ifdef __mips64
static void hold_vectors(const char *in, char *out, long spin)
{
    HOLD(".set mips64r5\n\t.set msa\n\t" EACH(ALL_32, "ld.d $w\\n, (16*\\n)(%0)"), EACH(ALL_32, "st.d $w\\n, (16*\\n)(%1)"));
}

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
#endif

static void add_one(unsigned long *number)
{
    __asm__ volatile(RAW "1:\n\t" LOAD_LINKED " $2, 0(%0)\n\t.rept 16\n\t" ADD " $2, $2, 1\n\t" ADD " $2, $2, -1\n\t.endr\n\t"
                     ADD " $2, $2, 1\n\t" STORE_IF " $2, 0(%0)\n\tbeqz $2, 1b\n\tnop\n\t.set pop"
                     :
                     : "r"(number)
                     : "$2", "memory");
}
/* clang-format on */

#include "pairs.h"

#endif
