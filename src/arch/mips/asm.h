/* What arch/asm.h has for mips: assembly is taken as it is written, with what is done before a jump behind it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS_ASM_H
#define ARCH_MIPS_ASM_H

/* clang-format off */

/* The assembler is to add nothing of its own: no instruction behind a jump, no use of $1. */
.set noreorder
.set noat

/* In a word of 64 bits, where the lower ones are. */
#ifdef __MIPSEB__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

/* To forget a floating-point register with an odd number, for the tests. Where it is the upper half of the one before it, a kernel
 * has it there. */
.macro FORGET_ODD number, at, even_at
        .set     push
        .set     oddspreg
        mfc1     $8, $f\number
        sw       $8, \at + LOW_HALF($sp)
        sw       $8, \even_at + 4 - LOW_HALF($sp)
        .set     pop
.endm

/* clang-format on */

#endif
