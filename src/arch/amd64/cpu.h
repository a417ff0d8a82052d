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

#endif
