/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <ucontext.h>
#include "arch/386/way.h"
#include "arch/arch.h"
#include "arch/x86/frame.h"
#include "base/sanitize.h"

/* arch_preempt's entry record; why it lies where it lies is told in arch/x86/frame.h. In the frame it begins at REG_TRAPNO: trap
 * and error number take the first two words, oldmask and cr2 the last. What is between them is left as it is. */
struct record {
    uint32_t pc;
    uint32_t *pc_slot;
    uint32_t between[6];
    void (*callee)(void);
    char *area;
};

enum { FNSAVE_IMAGE = 112 };

_Static_assert(REG_ERR == REG_TRAPNO + 1, "the words that sigreturn does not read are together");
_Static_assert(offsetof(mcontext_t, oldmask) - offsetof(mcontext_t, gregs[REG_TRAPNO]) == offsetof(struct record, callee),
               "oldmask");
_Static_assert(offsetof(mcontext_t, cr2) - offsetof(mcontext_t, gregs[REG_TRAPNO]) == offsetof(struct record, area), "cr2");
_Static_assert(offsetof(struct record, callee) == 32 && offsetof(struct record, area) == 36, "tools/mkpreempt/386.c");

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
    return x86_way_fp(reg(frame, REG_EIP), reg(frame, REG_ESP), reg(frame, REG_EBP));
}

uintptr_t arch_frame_link(const void *frame)
{
    (void)frame;
    return 0;
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    ((ucontext_t *)frame)->uc_mcontext.gregs[REG_EIP] = (greg_t)pc;
}

/* Behind the pc lie the code segment, the flags, the stack pointer and its segment, in both kinds of frames that this kernel has.
 */
enum { CODE = REG_CS - REG_EIP, SP = REG_UESP - REG_EIP, STACK = REG_SS - REG_EIP };

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= STACK * sizeof *at)
        return false;
    return (uint16_t)at[CODE] == (uint16_t)reg(frame, REG_CS) && (uint16_t)at[STACK] == (uint16_t)reg(frame, REG_SS) &&
           at[SP] > (uintptr_t)at && at[SP] <= high;
}

/* The signal's number comes before the registers; in frames with a siginfo, whose 128 bytes lie in between, with two pointers too.
 */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    enum { PLAIN = REG_EIP + 1, WITH_INFO = (offsetof(ucontext_t, uc_mcontext.gregs[REG_EIP]) + 128) / sizeof *at + 3 };
    if ((uintptr_t)at - low < PLAIN * sizeof *at || high - (uintptr_t)at <= STACK * sizeof *at)
        return 0;
    if ((uint16_t)at[CODE] != x86_code_segment() || at[SP] <= (uintptr_t)at || at[SP] > high)
        return 0;
    bool has_room = (uintptr_t)at - low >= WITH_INFO * sizeof *at;
    return x86_signal_bit(at[-PLAIN]) | (has_room ? x86_signal_bit(at[-WITH_INFO]) : 0);
}

READS_ANYTHING uintptr_t arch_saved_owner(uintptr_t pc, const uintptr_t *at, uintptr_t high)
{
    return arch_owner(pc, at[SP], high);
}

void arch_frame_resume(const void *frame)
{
    x86_resume_flags(reg(frame, REG_EFL));
}

void arch_frame_uncall(void *frame)
{
    greg_t *regs = ((ucontext_t *)frame)->uc_mcontext.gregs;
    regs[REG_EIP] = *(const greg_t *)(uintptr_t)regs[REG_ESP] - 1;
    regs[REG_ESP] += (greg_t)sizeof(greg_t);
}

/* Either the routine's registers lie below the kernel's frame, or the frame is elsewhere and the area takes its place. */
size_t arch_inject_room(void)
{
    return 4 + 64 + sizeof(struct record) + 6 * 4 + 16 + 4;
}

/* Where the frame has the state: an FNSAVE image, and, if the CPU has FXSAVE, an image of that kind behind it. */
static char *image(const ucontext_t *u)
{
    char *fnsave = (char *)u->uc_mcontext.fpregs;
    return fnsave && arch_state.kind != X86_FNSAVE ? fnsave + FNSAVE_IMAGE : fnsave;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    ucontext_t *u = frame;
    greg_t *regs = u->uc_mcontext.gregs;
    uintptr_t sp = arch_frame_sp(frame), pc_slot = sp - sizeof(uint32_t);
    struct record *record = (struct record *)&regs[REG_TRAPNO];
    char *area = image(u);

    /* The last `ret` of arch_preempt would pop a misaligned word with alignment checks on. */
    if (sp % 4 && (regs[REG_EFL] & X86_FLAG_AC))
        return false;
    if (!area || !x86_image_serves(area))
        return false;
    area = x86_area(area, pc_slot);
    if (x86_frame_elsewhere(u, sp)) {
        area = (char *)((pc_slot - arch_state.size) & -(uintptr_t)64);
        record = (struct record *)area - 1;
    }
    record->pc = arch_frame_pc(frame);
    record->pc_slot = (uint32_t *)pc_slot;
    record->callee = callee;
    record->area = area;
    regs[REG_ESP] = (greg_t)(uintptr_t)record;
    regs[REG_EIP] = (greg_t)(uintptr_t)arch_preempt;
    return true;
}
