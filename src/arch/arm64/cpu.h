/* arm64 (AAPCS64): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN   16
#define ARCH_RED_ZONE      0
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 176

static inline void arch_relax(void)
{
    __asm__ volatile("isb" ::: "memory"); /* yield does nothing on most; this waits for some ten cycles */
}

/* A handler starts with the flags that compiled code expects. The rounding of the interrupted code, which it has too, disturbs
 * nobody: there is no floating point in ours. */
static inline void arch_settle(void)
{
}

/* A guarded control stack. The instruction is a hint, which leaves the bit alone where the CPU has no such stack, or it is off.
 * (Arm ARM, CHKFEAT) */
static inline bool arch_checks_returns(void)
{
    register uintptr_t features __asm__("x16") = 1;
    __asm__ volatile("hint 40 // chkfeat x16" : "+r"(features));
    return features == 0;
}

/* What a frame pointer points to. It lies at the lower end of its function's frame, or anywhere in it. */
struct arch_record {
    uintptr_t fp, pc;
};

/* The least that the caller's stack pointer can be. */
static inline uintptr_t arch_record_sp(uintptr_t fp)
{
    return fp + sizeof(struct arch_record);
}

/* A return address that a function has signed (PAC), without the signature. The instruction is a hint: CPUs without signatures do
 * nothing. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    register uintptr_t link __asm__("x30") = pc;
    __asm__("hint 7 // xpaclri" : "+r"(link));
    return link;
}

#endif
