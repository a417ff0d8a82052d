/* mips64 and mips64le (n64, hard float): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS64_CPU_H
#define ARCH_MIPS64_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN         16
#define ARCH_RED_ZONE            0
#define ARCH_CACHE_LINE          64
#define ARCH_CONTEXT_BYTES       176
#define ARCH_FRAME_KEEPS         1
#define ARCH_FRAME_LACKS         1
#define ARCH_THREAD_POINTER_BIAS 0x7000
#define ARCH_POINTER_CALL        5242 /* set_thread_area */

/* Single issue for a moment. Not `pause`: that sleeps until the line changes which a failed exchange has asked for, be it another
 * one than the loop is about. */
static inline void arch_relax(void)
{
    __asm__ volatile("ssnop\n\tssnop\n\tssnop\n\tssnop" ::: "memory");
}

/* There are no flags but those of floating point, and its rounding, which a handler has too: there is no floating point in ours. */
static inline void arch_settle(void)
{
}

/* No return address is kept elsewhere. */
static inline bool arch_checks_returns(void)
{
    return false;
}

/* In the frame register a function has the lower end of its frame, if anything; how far above that the caller's is, and where the
 * rest lies, only its code tells (arch/walk/mips.h). Not found is the caller of a function that never returns where its code is in
 * two places, or a function that never returns lies before it which has a frame while it has none; and of compressed code. */
#include "arch/walk/mips_record.h"

/* Nothing is added to a return address. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
