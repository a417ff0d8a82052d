/* The control words, for those parts that are C.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS64_STATE_H
#define ARCH_MIPS64_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* context.c: 1 where the CPU has vectors (MSA). */
extern uint8_t arch_has_vectors __attribute__((visibility("hidden")));

/* state.S; called only where there are vectors. arch_msa_in_use: whether there is more in them than floating point has. */
uint32_t arch_msacsr(void) __attribute__((visibility("hidden")));
void arch_set_msacsr(uint32_t value) __attribute__((visibility("hidden")));
bool arch_msa_in_use(void) __attribute__((visibility("hidden")));

static inline uint32_t mips64_fcsr(void)
{
    uint32_t value;
    __asm__ volatile("cfc1 %0, $31" : "=r"(value));
    return value;
}

/* Without those causes of the last operation's exceptions that are enabled: they are for the handler, and to write one traps once
 * more. */
static inline void mips64_set_fcsr(uint32_t value)
{
    enum { ENABLES = 0xf80, ALWAYS = 0x20000, CAUSES_SHIFT = 5 };
    uint32_t trapping = (value & ENABLES) << CAUSES_SHIFT | ALWAYS;
    __asm__ volatile("ctc1 %0, $31" : : "r"(value & ~trapping));
}

#endif
