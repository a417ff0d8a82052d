/* s390x (z/Architecture, 64 bits): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_S390X_CPU_H
#define ARCH_S390X_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Above its stack pointer, a function has room for what the functions that it calls save: registers, and the chain of frames. */
#define S390X_SAVE_AREA 160

#define ARCH_STACK_ALIGN      8
#define ARCH_RED_ZONE         0
#define ARCH_CACHE_LINE       256
#define ARCH_CONTEXT_BYTES    (80 + S390X_SAVE_AREA)
#define ARCH_CFA_OFFSET       S390X_SAVE_AREA
#define ARCH_BACK_CHAIN       1
#define ARCH_FAULT_GRAIN      4096
#define ARCH_FRAME_ADOPTS     1
#define ARCH_INSTRUCTION_MOST 6

/* There is no instruction for it. */
static inline void arch_relax(void)
{
    __asm__ volatile("" ::: "memory");
}

/* The program mask, by which overflows of whole numbers trap. The rounding of the interrupted code, and its traps, disturb nobody:
 * there is no floating point in ours. */
static inline void arch_settle(void)
{
    __asm__ volatile("spm %0" : : "d"(0) : "cc");
}

static inline bool arch_checks_returns(void)
{
    return false;
}

/* The save area of a caller, above its stack pointer, once the function that it called has put its own registers there; the chain
 * only where a function is compiled with -mbackchain. */
struct arch_record {
    uintptr_t fp, unused[5], r6_r13[8], pc;
};

/* A function that has a frame pointer has the lower end of its frame there. */
#define ARCH_CALLER_FP(frame, cfa, caller) ((uintptr_t)(cfa)-ARCH_CFA_OFFSET)

static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
