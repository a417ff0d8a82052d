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

#define ARCH_STACK_ALIGN    8
#define ARCH_RED_ZONE       0
#define ARCH_CACHE_LINE     64
#define ARCH_CONTEXT_BYTES  112
#define ARCH_UNWIND_SEGMENT 0x70000001 /* .ARM.exidx, PT_ARM_EXIDX */
#define ARCH_SAYS_MORE      1
#define ARCH_POINTER_CALL   0xf0005 /* __ARM_NR_set_tls, which not every libc's headers have */

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

/* Where a function has its caller's frame pointer, which is one of two registers: in one of Thumb code r7, of ARM code r11. clang
 * always has a record of Thumb's. gcc puts it anywhere; but in a function that uses them all, each register has its place. */
#if defined(__clang__)
struct arch_record {
    uintptr_t fp, pc;
};
#define ARCH_CALLER_FP(frame, cfa, caller) (((const struct arch_record *)(frame))->fp)
#else
struct arch_record {
    uintptr_t r7, r8, r9, r10, r11, pc;
};

#if defined(__thumb__)
#define ARM_USE_ALL() __asm__ volatile("" ::: "r8", "r9", "r10", "r11")
#else
#define ARM_USE_ALL() __asm__ volatile("" ::: "r7", "r8", "r9", "r10")
#endif
#define ARCH_FRAME_ADDRESS()                                                                                                       \
    ({                                                                                                                             \
        ARM_USE_ALL();                                                                                                             \
        __builtin_frame_address(0);                                                                                                \
    })

/* A function with a variable number of arguments has four words of them above. 0: not known. */
static inline uintptr_t arm_caller_fp(const uintptr_t *cfa, uintptr_t caller)
{
    const struct arch_record *record = (const struct arch_record *)cfa - 1;
    if (record->pc != caller)
        record = (const struct arch_record *)(cfa - 4) - 1;
    return record->pc != caller ? 0 : caller & 1 ? record->r7 : record->r11;
}
#define ARCH_CALLER_FP(frame, cfa, caller) ((void)(frame), arm_caller_fp((cfa), (uintptr_t)(caller)))
#endif

/* What a place says of itself beside its frame pointer: whether that is r7, and what the other one of the two registers holds. */
enum { ARM_MORE_SAID = 1, ARM_MORE_THUMB = 2, ARM_MORE = 3 };

static inline uintptr_t arm_more(bool thumb, uintptr_t other)
{
    return (other & ~(uintptr_t)ARM_MORE) | ARM_MORE_SAID | (thumb ? ARM_MORE_THUMB : 0);
}

/* A return address has a bit that says whether it leads to Thumb code. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc & ~(uintptr_t)1;
}

#endif
