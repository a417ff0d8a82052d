/* The control word of floating point, for those parts that are C.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS_STATE_H
#define ARCH_MIPS_STATE_H

#include <stdint.h>

/* What a fresh thread has of it is its machine's way with NaNs. preempt.S has that too. */
enum { FCSR_FRESH = 0xc0000, FCSR_CONTROL = 3 | 0xf80 | 1 << 24 /* rounding, traps, denormals are zeros */ };

/* A cause whose trap is on is a trap at once when it is written. */
enum { FCSR_TRAPS = 0xf80, FCSR_CAUSE_SHIFT = 5, FCSR_UNIMPLEMENTED = 1 << 17 };

static inline uint32_t mips_fcsr(void)
{
    uint32_t value;
    __asm__ volatile("cfc1 %0, $31" : "=r"(value));
    return value;
}

static inline void mips_set_fcsr(uint32_t value)
{
    value &= ~((value & FCSR_TRAPS) << FCSR_CAUSE_SHIFT | FCSR_UNIMPLEMENTED);
    __asm__ volatile("ctc1 %0, $31" : : "r"(value));
}

#endif
