/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <ucontext.h>
#include "arch/arch.h"
#include "arch/x86/frame.h"

/* arch_preempt's entry record; why it lies where it lies is told in arch/x86/frame.h. In the frame it begins at REG_TRAPNO: trap
 * and error number take the first two words, oldmask the callee. What is between them is left as it is. */
struct record {
    uint32_t pc;
    uint32_t *pc_slot;
    uint32_t between[6];
    void (*callee)(void);
};

_Static_assert(REG_ERR == REG_TRAPNO + 1, "the words that sigreturn does not read are together");
_Static_assert(offsetof(mcontext_t, oldmask) - offsetof(mcontext_t, gregs[REG_TRAPNO]) == offsetof(struct record, callee),
               "oldmask");
_Static_assert(offsetof(struct record, callee) == 32, "tools/mkpreempt/386.c");

static uintptr_t reg(const void *frame, int number)
{
    return (uintptr_t)((const ucontext_t *)frame)->uc_mcontext.gregs[number];
}

uintptr_t arch_frame_pc(const void *frame)
{
    return reg(frame, REG_EIP);
}

uintptr_t arch_frame_sp(const void *frame)
{
    return reg(frame, REG_ESP);
}

uintptr_t arch_frame_fp(const void *frame)
{
    return reg(frame, REG_EBP);
}

void arch_frame_resume(const void *frame)
{
    x86_resume_flags(reg(frame, REG_EFL));
}

/* Pc, entry record, ebp, flags, three registers, alignment, the block, and a return address. */
size_t arch_inject_room(void)
{
    return 4 + sizeof(struct record) + 5 * 4 + 64 + arch_state.size + 4;
}

/* The image that follows the kernel's FNSAVE image, if the CPU has FXSAVE. */
static bool unsaved(const ucontext_t *u)
{
    const char *fnsave = (const char *)u->uc_mcontext.fpregs;
    return arch_state.kind >= X86_XSAVE && fnsave && x86_unsaved(fnsave + 112);
}

bool arch_inject(void *frame, void (*callee)(void))
{
    ucontext_t *u = frame;
    greg_t *regs = u->uc_mcontext.gregs;
    uintptr_t sp = arch_frame_sp(frame), pc_slot = sp - sizeof(uint32_t);
    struct record *record = (struct record *)&regs[REG_TRAPNO];

    /* The last `ret` of arch_preempt would pop a misaligned word with alignment checks on. */
    if (sp % 4 && (regs[REG_EFL] & X86_FLAG_AC))
        return false;
    if (unsaved(u))
        return false;
    if (x86_frame_elsewhere(u, sp))
        record = (struct record *)(pc_slot & -sizeof(uint32_t)) - 1;
    record->pc = arch_frame_pc(frame);
    record->pc_slot = (uint32_t *)pc_slot;
    record->callee = callee;
    regs[REG_ESP] = (greg_t)(uintptr_t)record;
    regs[REG_EIP] = (greg_t)(uintptr_t)arch_preempt;
    return true;
}
