/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <ucontext.h>
#include "arch/arch.h"
#include "arch/x86/frame.h"
#include "base/sanitize.h"

/* arch_preempt's entry record; why it lies where it lies is told in arch/x86/frame.h. */
struct record {
    uint64_t pc;
    uint64_t *pc_slot;
    void (*callee)(void);
    char *area;
};

_Static_assert(REG_TRAPNO == REG_ERR + 1 && REG_OLDMASK == REG_ERR + 2 && REG_CR2 == REG_ERR + 3, "what sigreturn does not read");
_Static_assert(offsetof(struct record, callee) == 16 && offsetof(struct record, area) == 24, "tools/mkpreempt/amd64.c");

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

uintptr_t arch_frame_link(const void *frame)
{
    (void)frame;
    return 0;
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    ((ucontext_t *)frame)->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
}

/* Before the pc lies the stack pointer, two words behind it the segments, as in every frame of this kernel. */
enum { SP = REG_RSP - REG_RIP, SEGMENTS = REG_CSGSFS - REG_RIP };

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= SEGMENTS * sizeof *at)
        return false;
    return at[SEGMENTS] == reg(frame, REG_CSGSFS) && at[SP] > (uintptr_t)at && at[SP] <= high;
}

/* Behind the context of the frame, which ends with the mask, lies what is told of the signal: its number first. */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    enum { NUMBER = (offsetof(ucontext_t, uc_sigmask) + 8 - offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP])) / sizeof *at };
    if ((uintptr_t)(at + SP) < low || high - (uintptr_t)at <= NUMBER * sizeof *at)
        return 0;
    bool is_one = (uint16_t)at[SEGMENTS] == x86_code_segment() && at[SP] > (uintptr_t)at && at[SP] <= high;
    return is_one ? x86_signal_bit((uint32_t)at[NUMBER]) : 0;
}

void arch_frame_resume(const void *frame)
{
    x86_resume_flags(reg(frame, REG_EFL));
}

void arch_frame_uncall(void *frame)
{
    greg_t *regs = ((ucontext_t *)frame)->uc_mcontext.gregs;
    regs[REG_RIP] = *(const greg_t *)(uintptr_t)regs[REG_RSP] - 1;
    regs[REG_RSP] += (greg_t)sizeof(greg_t);
}

/* Either the routine's registers lie below the kernel's frame, or the frame is elsewhere and the area takes its place. */
size_t arch_inject_room(void)
{
    return ARCH_RED_ZONE + 8 + 64 + sizeof(struct record) + 12 * 8 + 16 + 8;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    ucontext_t *u = frame;
    greg_t *regs = u->uc_mcontext.gregs;
    uintptr_t sp = arch_frame_sp(frame), pc_slot = sp - ARCH_RED_ZONE - sizeof(uint64_t);
    struct record *record = (struct record *)&regs[REG_ERR];
    char *area = (char *)u->uc_mcontext.fpregs;

    /* The last `ret` of arch_preempt would pop a misaligned word with alignment checks on. */
    if (sp % 8 && (regs[REG_EFL] & X86_FLAG_AC))
        return false;
    if (!area || !x86_image_serves(area))
        return false;
    area = x86_area(area, pc_slot);
    if (x86_frame_elsewhere(u, sp)) {
        area = (char *)((pc_slot - arch_state.size) & -(uintptr_t)64);
        record = (struct record *)area - 1;
    }
    *record = (struct record){arch_frame_pc(frame), (uint64_t *)pc_slot, callee, area};
    regs[REG_RSP] = (greg_t)(uintptr_t)record;
    regs[REG_RIP] = (greg_t)(uintptr_t)arch_preempt;
    return true;
}
