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
#define X86_STATE_SIZE  4
#define X86_STATE_MASK  8
#define X86_STATE_SSE   16
#define X86_STATE_FRESH 64

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct x86_state {
    uint32_t kind;
    uint32_t size; /* of what the instruction writes, at most */
    uint64_t mask; /* of XSAVE: which components */
    uint32_t sse;  /* MXCSR exists */
    /* What XRSTOR and FXRSTOR load for arch_preempt's callee: a fresh thread's state. The header is zero: all components initial.
     */
    _Alignas(64) struct {
        uint16_t x87_control;
        uint8_t x87[22];
        uint32_t mxcsr, mxcsr_mask;
        uint8_t rest[512 + 64 - 32];
    } fresh;
};

_Static_assert(offsetof(struct x86_state, kind) == X86_STATE_KIND, "preempt.S");
_Static_assert(offsetof(struct x86_state, size) == X86_STATE_SIZE, "preempt.S");
_Static_assert(offsetof(struct x86_state, mask) == X86_STATE_MASK, "preempt.S");
_Static_assert(offsetof(struct x86_state, sse) == X86_STATE_SSE, "switch.S");
_Static_assert(offsetof(struct x86_state, fresh) == X86_STATE_FRESH, "preempt.S");
_Static_assert(offsetof(struct x86_state, fresh.mxcsr) == X86_STATE_FRESH + 24, "preempt.S");

extern struct x86_state arch_state __attribute__((visibility("hidden")));

/* Until arch_init has run, and on a machine without XSAVE. */
#define X86_STATE_START                                                                                                            \
    {                                                                                                                              \
        .fresh = {.x87_control = 0x37f, .mxcsr = 0x1f80, .mxcsr_mask = 0xffff},                                                    \
    }

#endif
#endif
