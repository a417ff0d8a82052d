/* 386 (System V ABI): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_386_CPU_H
#define ARCH_386_CPU_H

#define ARCH_STACK_ALIGN   16 /* what compilers assume, though the ABI says 4 */
#define ARCH_RED_ZONE      0
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 28 /* without what lies above */

#define ARCH_POINTER_CALL     243 /* set_thread_area */
#define ARCH_PUSHES_ARGUMENTS 1
#define ARCH_SHARED_WAY_IN    1
#define ARCH_WAY_BACK         1

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

/* Linux gives shadow stacks to programs of 64 bits only. */
static inline bool arch_checks_returns(void)
{
    return false;
}

#endif
