/* ppc64 and ppc64le: the constants of the CPU contract. Two ABIs: ELFv2, in which a pointer to a function is its first
 * instruction's, and ELFv1, of big endian, in which it is that of a descriptor: first instruction, TOC, environment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_PPC64_CPU_H
#define ARCH_PPC64_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* 288 bytes below the stack pointer are compiled code's in both ABIs. Linux leaves 512 alone, emulators just these. */
#define ARCH_STACK_ALIGN         16
#define ARCH_RED_ZONE            288
#define ARCH_CACHE_LINE          128
#define ARCH_CONTEXT_BYTES       544
#define ARCH_BACK_CHAIN          1
#define ARCH_FRAME_KEEPS         1
#define ARCH_FRAME_ADOPTS        1
#define ARCH_THREAD_POINTER_BIAS 0x7000

#define ARCH_DESCRIPTORS (_CALL_ELF != 2)

/* The CPU is asked to favour its other hardware threads for as long as that takes. */
static inline void arch_relax(void)
{
    __asm__ volatile("or 1,1,1\n\tor 2,2,2" ::: "memory");
}

/* A handler starts with FPSCR 0. Emulators set the register, but go on rounding as the interrupted code did until it is written. */
static inline void arch_settle(void)
{
    __asm__ volatile("mtfsf 255, %0" : : "d"(0.0));
}

/* No return address is kept elsewhere. */
static inline bool arch_checks_returns(void)
{
    return false;
}

/* What the word at the stack pointer leads to: the caller's frame, which begins so. The pc is where the function that owns the word
 * returns to. */
struct arch_record {
    uintptr_t fp, conditions, pc;
};

/* A function that has a frame pointer has the lower end of its frame there. */
#define ARCH_CALLER_FP(frame, cfa, caller) ((uintptr_t)(cfa))

/* Return addresses are not signed in their place. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
