/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a context that
 * switched away continues where the link register says, a new one does not. */
struct context {
    uint32_t fpscr, unused;
    uint64_t d8_d15[8];
    uint32_t r4_r11[8];
    uint32_t lr, pc;
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, r4_r11) == 72, "tools/mkpreempt/arm.c");

enum { R7 = 7 - 4, R11 = 11 - 4 };

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void arch_init(void)
{
}

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;
    uint32_t fpscr;

    /* Like a thread, a new context starts with its creator's rounding (C11 7.6). */
    __asm__("vmrs %0, fpscr" : "=r"(fpscr));
    *first = (struct context){.fpscr = fpscr, .lr = (uintptr_t)arch_end, .pc = (uintptr_t)entry};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return arch_unsigned(((const struct context *)context)->pc);
}

/* Thumb code cannot well use the register that ARM code has for it. */
uintptr_t arch_context_fp(const void *context)
{
    const struct context *c = context;
    return c->r4_r11[c->pc & 1 ? R7 : R11];
}

uintptr_t arch_context_more(const void *context)
{
    const struct context *c = context;
    return arm_more(c->pc & 1, c->r4_r11[c->pc & 1 ? R11 : R7]);
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
