/* The first context of a new stack, and what can be read from a context that switched away.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

#include <sys/auxv.h>

#include "arch/ppc64/state.h"

/* What arch_switch leaves on the stack, lowest address first. switch.S has the same order. The pc is there twice: a new context
 * goes to one place, and returns to another. */
struct context {
    uintptr_t chain;
    uint32_t cr, vrsave;
    uintptr_t link, toc, pc;
    uint64_t fpscr;
    uint64_t r14_r31[18];
    uint64_t f14_f31[18];
    uint32_t v20_v31[12][4];
    uint32_t vscr[4];
};
_Static_assert(sizeof(struct context) == ARCH_CONTEXT_BYTES, "cpu.h");
_Static_assert(offsetof(struct context, r14_r31) == 48 && offsetof(struct context, v20_v31) == 336, "tools/mkpreempt/ppc64.c");

/* What a function expects of its caller's frame: words for its own use, and, in ELFv1, room for eight arguments. */
enum { CALLERS_FRAME = 112 };

/* In switch.S: where entry() would return to. Its unwind information says that nothing called it. */
extern const char arch_end[] __attribute__((visibility("hidden")));

uint8_t arch_has_vectors;

void arch_init(void)
{
    enum { HAS_ALTIVEC = 0x10000000 };
    arch_has_vectors = (getauxval(AT_HWCAP) & HAS_ALTIVEC) != 0;
}

#if _CALL_ELF == 2

/* It finds its own from its address. */
static uintptr_t toc_of(void (*entry)(void))
{
    (void)entry;
    return 0;
}

#else

static uintptr_t toc_of(void (*entry)(void))
{
    return ((const uintptr_t *)entry)[1];
}

#endif

void *arch_context_init(void *top, void (*entry)(void))
{
    uintptr_t end = ((uintptr_t)top & -(uintptr_t)ARCH_STACK_ALIGN) - CALLERS_FRAME;
    struct context *first = (struct context *)end - 1;

    *(uintptr_t *)end = 0; /* the chain ends */
    *first = (struct context){.chain = end, .link = (uintptr_t)arch_end, .toc = toc_of(entry), .pc = ARCH_CODE(entry)};
    /* Like a thread, a new context starts with its creator's rounding and exception masks (C11 7.6). */
    first->fpscr = ppc64_fpscr();
    if (arch_has_vectors) {
        arch_vscr(first->vscr);
        first->vrsave = ppc64_vrsave();
    }
    return first;
}

uintptr_t arch_context_pc(const void *context)
{
    return ((const struct context *)context)->pc;
}

uintptr_t arch_context_fp(const void *context)
{
    return ((const struct context *)context)->r14_r31[17];
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context + 1);
}
