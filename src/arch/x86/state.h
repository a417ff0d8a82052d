/* The state that XSAVE and FXSAVE save, on both x86 CPUs: which instruction, which components, how many bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_X86_STATE_H
#define ARCH_X86_STATE_H

/* Shared with preempt.S and switch.S: kinds, in the order of what they save, and offsets. */
#define X86_FNSAVE      0
#define X86_FXSAVE      1
#define X86_XSAVE       2
#define X86_XSAVEC      3
#define X86_STATE_KIND  0
#define X86_STATE_MASK  8
#define X86_STATE_SSE   16
#define X86_STATE_MXCSR 20
#define X86_STATE_X87   24
#define X86_AVX         4 /* in the mask */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct x86_state {
    uint32_t kind;
    uint32_t size; /* of what the instruction writes, at most */
    uint64_t mask; /* of XSAVE: which components */
    uint32_t sse;  /* MXCSR exists */
    uint32_t fresh_mxcsr;
    uint16_t fresh_x87;
};

_Static_assert(offsetof(struct x86_state, kind) == X86_STATE_KIND, "preempt.S");
_Static_assert(offsetof(struct x86_state, mask) == X86_STATE_MASK, "preempt.S");
_Static_assert(offsetof(struct x86_state, sse) == X86_STATE_SSE, "switch.S");
_Static_assert(offsetof(struct x86_state, fresh_mxcsr) == X86_STATE_MXCSR, "preempt.S");
_Static_assert(offsetof(struct x86_state, fresh_x87) == X86_STATE_X87, "preempt.S");

extern struct x86_state arch_state __attribute__((visibility("hidden")));

#endif
#endif
