/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. */
struct context {
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t unused;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t pc;
    uint64_t caller; /* where a function that was called has its return address; not part of a context that switched away */
};

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;

    *first = (struct context){.pc = (uintptr_t)entry, .caller = (uintptr_t)arch_end};
    /* Like a thread, a new context starts with its creator's rounding and exception masks (C11 7.6). */
    __asm__("stmxcsr %0" : "=m"(first->mxcsr));
    __asm__("fnstcw %0" : "=m"(first->x87_control));
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->rbp;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t) & ((const struct context *)context)->caller;
}
