/* arm: integers, the registers of floating point, exclusive pairs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_REGISTERS_ARM_H
#define TESTS_API_REGISTERS_ARM_H

#include <sys/auxv.h>

#include "held.h"

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

static void add_one(unsigned long *number)
{
    __asm__ volatile("1:\n\tldrex r2, [%0]\n\t.rept 16\n\tadd r2, r2, #1\n\tsub r2, r2, #1\n\t.endr\n\t"
                     "add r2, r2, #1\n\tstrex r3, r2, [%0]\n\tcmp r3, #0\n\tbne 1b"
                     :
                     : "r"(number)
                     : "r2", "r3", "cc", "memory");
}

#include "pairs.h"

#endif
