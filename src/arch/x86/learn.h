/* Finds out how wide the vector and floating-point state of this machine is, for arch_init of both x86 CPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_X86_LEARN_H
#define ARCH_X86_LEARN_H

#include <cpuid.h>
#include "arch/x86/state.h"

enum { X86_FNSAVE_SIZE = 108, X86_FXSAVE_SIZE = 512, X86_HEADER_SIZE = 64 };

static inline uint64_t x86_xcr0(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

/* Where a component ends in XSAVE's layout. XSAVEC's is never longer. */
static inline uint32_t x86_component_end(unsigned component)
{
    uint32_t size, offset, c, d;
    __cpuid_count(0xd, component, size, offset, c, d);
    return offset + size;
}

static inline void x86_learn_xsave(struct x86_state *state, uint64_t components)
{
    uint32_t a, b, c, d;
    uint32_t end = X86_FXSAVE_SIZE + X86_HEADER_SIZE;

    state->mask = x86_xcr0() & components;
    for (unsigned i = 2; i < 63; i++)
        if ((state->mask >> i & 1) && x86_component_end(i) > end)
            end = x86_component_end(i);
    state->size = (end + 63) & ~63u;
    __cpuid_count(0xd, 1, a, b, c, d);
    state->kind = a & 2 ? X86_XSAVEC : X86_XSAVE;
}

/* `components`: those that the CPU's table in tools/mkpreempt knows. */
static inline void x86_learn(struct x86_state *state, uint64_t components)
{
    uint32_t a, b, c = 0, d = 0;

    __get_cpuid(1, &a, &b, &c, &d);
    state->sse = (d & bit_SSE) != 0;
    if (c & bit_OSXSAVE) {
        x86_learn_xsave(state, components);
    } else {
        state->kind = d & bit_FXSAVE ? X86_FXSAVE : X86_FNSAVE;
        state->size = d & bit_FXSAVE ? X86_FXSAVE_SIZE : X86_FNSAVE_SIZE;
    }
}

#endif
