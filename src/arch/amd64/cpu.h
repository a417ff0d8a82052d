/* amd64 (System V ABI): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_AMD64_CPU_H
#define ARCH_AMD64_CPU_H

#define ARCH_STACK_ALIGN 16
#define ARCH_RED_ZONE    128
#define ARCH_CACHE_LINE  64

static inline void arch_relax(void)
{
    __builtin_ia32_pause();
}

/* The kernel leaves alignment checks on if the user had them on. */
static inline void arch_settle(void)
{
    unsigned long flags = __builtin_ia32_readeflags_u64();
    if (__builtin_expect((flags & 0x40000) != 0, 0))
        __builtin_ia32_writeeflags_u64(flags & ~0x40000ul);
}

#endif
