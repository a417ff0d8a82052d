/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a context that
 * switched away continues where the link register says, a new one does not. */
struct context {
    uint64_t s0_s11[12], fs0_fs11[12];
    uint32_t fcsr, unused;
    uint64_t pc, ra;
    uint64_t align;
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, fcsr) == 192 && offsetof(struct context, pc) == 200, "tools/mkpreempt/riscv64.c");

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;
    uint32_t rounding;

    /* Like a thread, a new context starts with its creator's rounding (C11 7.6), and with no exceptions raised. */
    __asm__("frrm %0" : "=r"(rounding));
    *first = (struct context){.fcsr = rounding << 5, .ra = (uintptr_t)arch_end, .pc = (uintptr_t)entry};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->s0_s11[0];
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
