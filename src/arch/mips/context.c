/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"
#include "arch/mips/state.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a context that
 * switched away continues where the link register says, a new one does not. */
struct context {
    uint64_t f20_f30[6]; /* those with even numbers: pairs of 32 bits, or 64 bits each, as the program has it */
    uint32_t s0_s7[8];
    uint32_t fp, fcsr, pc, ra;
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, fp) == 80 && offsetof(struct context, ra) == 92, "tools/mkpreempt/mips.c");

/* Above the stack pointer of a function that is called, which may put its arguments there. */
enum { HOME = 16 };

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void arch_init(void)
{
}

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = ((uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN) - HOME;
    struct context *first = (struct context *)end - 1;

    /* Like a thread, a new context starts with its creator's rounding and traps (C11 7.6), and with no exceptions raised. */
    *first = (struct context){.fcsr = mips_fcsr() & (FCSR_FRESH | FCSR_CONTROL), .ra = (uintptr_t)arch_end, .pc = (uintptr_t)entry};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return arch_unsigned(((const struct context *)context)->pc);
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->fp;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
