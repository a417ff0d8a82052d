/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a context that
 * switched away continues where the link register says, a new one does not. */
struct context {
    uint64_t x29, x30;
    uint64_t x19_x28[10];
    uint64_t d8_d15[8];
    uint32_t fpcr, fpsr;
    uint64_t pc;
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, d8_d15) == 96 && offsetof(struct context, fpcr) == 160, "tools/mkpreempt/arm64.c");

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void arch_init(void)
{
}

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;
    uint64_t fpcr;

    /* Like a thread, a new context starts with its creator's rounding and exception masks (C11 7.6). */
    __asm__("mrs %0, fpcr" : "=r"(fpcr));
    *first = (struct context){.fpcr = (uint32_t)fpcr, .x30 = (uintptr_t)arch_end, .pc = (uintptr_t)entry};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->x29;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
