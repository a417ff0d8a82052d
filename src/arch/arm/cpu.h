/* arm (AAPCS, 32 bit, hard float, ARMv7): the constants of the CPU contract.
 *
 * The library's assembly is ARM code, the rest of it what the compiler makes, ARM or Thumb. The program may have both.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_ARM_CPU_H
#define ARCH_ARM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN   8
#define ARCH_RED_ZONE      0
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 112
#define ARCH_POINTER_CALL  0xf0005 /* __ARM_NR_set_tls, which not every libc's headers have */

static inline void arch_relax(void)
{
    __asm__ volatile("isb" ::: "memory"); /* yield does nothing on most; this waits for some ten cycles */
}

/* The kernel enters a handler without the interrupted code's byte order and conditional block, and the other flags and the rounding
 * disturb nobody: there is no floating point in ours. */
static inline void arch_settle(void)
{
}

static inline bool arch_checks_returns(void)
{
    return false;
}

/* What a frame pointer points to as clang has it. gcc's are the function's own business. */
struct arch_record {
    uintptr_t fp, pc;
};

/* The least that the caller's stack pointer can be. */
static inline uintptr_t arch_record_sp(uintptr_t fp)
{
    return fp + sizeof(struct arch_record);
}

/* A return address has a bit that says whether it leads to Thumb code. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc & ~(uintptr_t)1;
}

#endif
