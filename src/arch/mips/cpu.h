/* mips, mipsel (o32, MIPS32r2 with floating point): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS_CPU_H
#define ARCH_MIPS_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN         8
#define ARCH_RED_ZONE            0
#define ARCH_CACHE_LINE          64
#define ARCH_CONTEXT_BYTES       96
#define ARCH_THREAD_POINTER_BIAS 0x7000
#define ARCH_POINTER_CALL        4283 /* set_thread_area */

/* Single issue for a moment. Not `pause`: see mips64. */
static inline void arch_relax(void)
{
    __asm__ volatile("ssnop\n\tssnop\n\tssnop\n\tssnop" ::: "memory");
}

/* There are no flags. The rounding of the interrupted code, which a handler has too, disturbs nobody: there is no floating point in
 * ours. */
static inline void arch_settle(void)
{
}

static inline bool arch_checks_returns(void)
{
    return false;
}

/* In the frame register a function has the lower end of its frame, if anything; how far above that the caller's is, and where the
 * rest lies, only its code tells (arch/walk/mips.h). Not found is the caller of a function that never returns where its code is in
 * two places, or a function that never returns lies before it which has a frame while it has none; and of compressed code. */
#include "arch/walk/mips_record.h"

/* A return address has a bit that says whether it leads to compressed code (MIPS16e, microMIPS). */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc & ~(uintptr_t)1;
}

/* An emulator's frames lack the control word of floating point. Where there are 64-bit atomics to be made of smaller ones, what an
 * interrupt finds half done is put right (wide.c). */
#define ARCH_FRAME_KEEPS
#define ARCH_FRAME_SETTLES

#endif
