/* amd64 (System V ABI): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_AMD64_CPU_H
#define ARCH_AMD64_CPU_H

#define ARCH_STACK_ALIGN   16
#define ARCH_RED_ZONE      128
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 64  /* without what lies above */
#define ARCH_POINTER_CALL  158 /* arch_prctl, where the instruction is not allowed */

#include "arch/x86/flags.h"
#include "arch/x86/record.h"

static inline void arch_relax(void)
{
    __builtin_ia32_pause();
}

/* The kernel leaves alignment checks on if the user had them on. */
static inline void arch_settle(void)
{
    x86_clear_flags(X86_FLAG_AC);
}

/* Does nothing where shadow stacks are off, or unknown. (Intel's manual, RDSSP) */
static inline bool arch_checks_returns(void)
{
    uintptr_t shadow = 0;
    __asm__ volatile("rdsspq %0" : "+r"(shadow));
    return shadow != 0;
}

#endif
