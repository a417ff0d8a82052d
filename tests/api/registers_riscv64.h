/* riscv64: vectors and their length, pairs of load reserved and store conditional.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_REGISTERS_RISCV64_H
#define TESTS_API_REGISTERS_RISCV64_H

#include <sys/auxv.h>

#include "emulator.h"
#include "held.h"

enum { WIDTH_MAX = BYTES_MAX / 32, REGISTERS = 32 };

static size_t width; /* of a register, in bytes */

#define EIGHTS "0,8,16,24"

/* clang-format off */
static void hold_vectors(const char *in, char *out, long spin)
{
    unsigned long length;

    __asm__ volatile(".option push\n\t.option arch, +v\n\tslli t0, %4, 3\n\t"
                     EACH(EIGHTS, "vl8re8.v v\\n, (%2)\n\tadd %2, %2, t0")
                     "vsetivli zero, 7, e8, m1, ta, ma\n1:\n\taddi %1, %1, -1\n\tbnez %1, 1b\n\tcsrr %0, vl\n\t"
                     EACH(EIGHTS, "vs8r.v v\\n, (%3)\n\tadd %3, %3, t0") ".option pop"
                     : "=&r"(length), "+r"(spin), "+r"(in), "+r"(out)
                     : "r"(width)
                     : "t0", "memory");
    CHECK_EQ(7, length);
}
/* clang-format on */

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
        check_hold(hold_vectors, REGISTERS * width);
    }
}

static void add_one(unsigned long *number)
{
    __asm__ volatile("1:\n\tlr.d t0, (%0)\n\t.rept 16\n\taddi t0, t0, 1\n\taddi t0, t0, -1\n\t.endr\n\t"
                     "addi t0, t0, 1\n\tsc.d t1, t0, (%0)\n\tbnez t1, 1b"
                     :
                     : "r"(number)
                     : "t0", "t1", "memory");
}

#include "pairs.h"

#endif
