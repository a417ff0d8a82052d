/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"
#include "arch/x86/state.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. */
struct context {
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t unused;
    uint32_t edi, esi, ebx, ebp;
    uint32_t pc;
    uint32_t caller; /* where a function that was called has its return address; not part of a context that switched away */
};

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

/* The stack pointer at a function's first instruction is one word below a multiple of ARCH_STACK_ALIGN. */
_Static_assert(sizeof(struct context) - offsetof(struct context, caller) == sizeof(uint32_t), "caller is the last word");

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;

    *first = (struct context){.pc = (uintptr_t)entry, .caller = (uintptr_t)arch_end};
    /* Like a thread, a new context starts with its creator's rounding and exception masks (C11 7.6). */
    if (arch_state.sse)
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
    return ((const struct context *)context)->ebp;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t) & ((const struct context *)context)->caller;
}
