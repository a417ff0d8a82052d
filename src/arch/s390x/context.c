/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. From `chain` on it is the save area of
 * whoever called arch_switch. The pc is there twice: a context that switched away continues where r14 says, a new one does not. */
struct context {
    uint64_t f8_f15[8];
    uint32_t fpc, pm;
    uint64_t pc;
    uint64_t chain, unused[5];
    uint64_t r6_r13[8], r14, r15;
    uint64_t more[4];
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, pc) == 72 && offsetof(struct context, r6_r13) == 128, "tools/mkpreempt/s390x.c");

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

void arch_init(void)
{
}

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = (uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *first = (struct context *)end - 1;
    uint32_t fpc, pm = 0;

    /* Like a thread, a new context starts with its creator's rounding and masks of exceptions (C11 7.6). */
    __asm__("efpc %0" : "=d"(fpc));
    __asm__("ipm %0" : "+d"(pm));
    *first = (struct context){
        .fpc = fpc, .pm = pm & 0x0f000000, .pc = (uintptr_t)entry, .r14 = (uintptr_t)arch_end, .r15 = (uintptr_t)&first->chain};
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)context + offsetof(struct context, chain);
}

/* No register leads to the first record; the chain begins there. */
uintptr_t arch_context_fp(const void *context)
{
    return arch_context_sp(context);
}
