/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <ucontext.h>
#include "arch/arch.h"
#include "arch/x86/frame.h"

/* arch_preempt's entry record; why it lies where it lies is told in arch/x86/frame.h. */
struct record {
    uint64_t pc;
    uint64_t *pc_slot;
    void (*callee)(void);
};

_Static_assert(REG_TRAPNO == REG_ERR + 1 && REG_OLDMASK == REG_ERR + 2, "the words that sigreturn does not read are together");
_Static_assert(offsetof(struct record, callee) == 16, "tools/mkpreempt/amd64.c");

static uintptr_t reg(const void *frame, int number)
{
    return (uintptr_t)((const ucontext_t *)frame)->uc_mcontext.gregs[number];
}

uintptr_t arch_frame_pc(const void *frame)
{
    return reg(frame, REG_RIP);
}

uintptr_t arch_frame_sp(const void *frame)
{
    return reg(frame, REG_RSP);
}

uintptr_t arch_frame_fp(const void *frame)
{
    return reg(frame, REG_RBP);
}

void arch_frame_resume(const void *frame)
{
    x86_resume_flags(reg(frame, REG_EFL));
}

/* Red zone, pc, entry record, rbp, flags, nine registers, alignment, the block, and a return address. */
size_t arch_inject_room(void)
{
    return ARCH_RED_ZONE + 8 + sizeof(struct record) + 11 * 8 + 64 + arch_state.size + 8;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    ucontext_t *u = frame;
    greg_t *regs = u->uc_mcontext.gregs;
    uintptr_t sp = arch_frame_sp(frame), pc_slot = sp - ARCH_RED_ZONE - sizeof(uint64_t);
    struct record *record = (struct record *)&regs[REG_ERR];

    /* The last `ret` of arch_preempt would pop a misaligned word with alignment checks on. */
    if (sp % 8 && (regs[REG_EFL] & X86_FLAG_AC))
        return false;
    if (x86_unsaved((const char *)u->uc_mcontext.fpregs))
        return false;
    if (x86_frame_elsewhere(u, sp))
        record = (struct record *)(pc_slot & -sizeof(uint64_t)) - 1;
    *record = (struct record){arch_frame_pc(frame), (uint64_t *)pc_slot, callee};
    regs[REG_RSP] = (greg_t)(uintptr_t)record;
    regs[REG_RIP] = (greg_t)(uintptr_t)arch_preempt;
    return true;
}
