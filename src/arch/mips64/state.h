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

/* Which exceptions the last operation has raised is told to the handler of one that is enabled; to write that traps once more. */
static inline void mips64_set_fcsr(uint32_t value)
{
    enum { CAUSES = 0x3f000 };
    __asm__ volatile("ctc1 %0, $31" : : "r"(value & ~(uint32_t)CAUSES));
}

#endif
