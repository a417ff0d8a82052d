/* riscv64 (LP64D): the constants of the CPU contract.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_RISCV64_CPU_H
#define ARCH_RISCV64_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN   16
#define ARCH_RED_ZONE      0
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 224

/* pause, a hint (Zihintpause): CPUs that do not know it do nothing. */
static inline void arch_relax(void)
{
    __asm__ volatile(".4byte 0x0100000f" ::: "memory");
}

/* There are no flags. The rounding of the interrupted code, which a handler has too, disturbs nobody: there is no floating point in
 * ours. */
static inline void arch_settle(void)
{
}

/* Zicfiss. The instruction that tells is none on older CPUs, so the kernel is asked (kernel.c). */
bool arch_checks_returns(void);

/* What lies below a frame pointer, which is the stack pointer that the function was called with. */
struct arch_record {
    uintptr_t fp, pc;
};
#define ARCH_RECORD_AT (-(int)sizeof(struct arch_record))

/* A frame may lack vector registers; the thread pointer is in it. */
#define ARCH_FRAME_LACKS
#define ARCH_FRAME_ADOPTS

static inline uintptr_t arch_record_sp(uintptr_t fp)
{
    return fp;
}

/* Nothing is added to a return address. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
