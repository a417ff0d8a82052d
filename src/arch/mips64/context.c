/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

#include <sys/auxv.h>

#include "arch/mips64/state.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a context that
 * switched away continues where the link register says, a new one does not. */
struct context {
    uint64_t s0_s7[8], gp, fp;
    uint64_t f24_f31[8];
    uint32_t fcsr, msacsr;
    uint64_t pc, ra;
    uint64_t align;
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, fcsr) == 144 && offsetof(struct context, pc) == 152, "tools/mkpreempt/mips64.c");

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

uint8_t arch_has_vectors;

void arch_init(void)
{
    enum { HAS_MSA = 2 };
    arch_has_vectors = (getauxval(AT_HWCAP) & HAS_MSA) != 0;
}

/* Like a thread, a new context starts with its creator's rounding and exception masks (C11 7.6), and with no exceptions raised. */
enum { CONTROL = 0x010c0f83 };

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;
    uint32_t vectors = arch_has_vectors ? arch_msacsr() : 0;

    *first = (struct context){
        .fcsr = mips64_fcsr() & CONTROL, .msacsr = vectors & CONTROL, .ra = (uintptr_t)arch_end, .pc = (uintptr_t)entry};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->fp;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
