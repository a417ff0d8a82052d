/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * A frame whose interrupt came between a jump and the instruction behind it, which is done before it, has the pc of the jump, and
 * both are done again: so a pc never stands between the two.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "arch/mips/state.h"
#include "arch/mips/wide.h"
#include "base/sanitize.h"

/* ---- the frame of this kernel ---- */

/* Beneath the ucontext_t: room for a handler's arguments, where older kernels had some code, the information on the signal. */
enum { ROOM = 16 + 8, SIG_BASE = ROOM + 128 };
enum { SP = 29, FP = 30, LINK = 31 };

_Static_assert(offsetof(ucontext_t, uc_mcontext.pc) == 32, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == 40, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.fpregs) == 296, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.mdhi) == 576, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 616, "the kernel's layout, which preempt.S knows too");

/* Behind the mask, which has 128 bits, records of more state (MSA) may follow, each with a number that tells its kind, and its
 * size. None says where it lies. */
enum { PARTS_AT = 616 + 16, KIND_END = 0x78454e44, USED_PARTS = 8, USED_FLOATS = 1 };

struct part {
    uint32_t kind, size;
};

static inline size_t sig_size(const ucontext_t *u)
{
    const char *at = (const char *)u + PARTS_AT;
    if (!(u->uc_mcontext.used_math & USED_PARTS))
        return SIG_BASE + PARTS_AT;
    for (const struct part *p = (const void *)at; p->kind != KIND_END && p->size; p = (const void *)at)
        at += p->size;
    return SIG_BASE + (size_t)(at - (const char *)u) + sizeof(struct part);
}

static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    (void)u;
    (void)bytes;
}

/* ---- what a frame lacks ---- */

/* An emulator saves no control word of floating point. */
void arch_frame_keep(void *frame)
{
    ucontext_t *u = frame;
    if (u->uc_mcontext.used_math & USED_FLOATS)
        u->uc_mcontext.fpc_csr = mips_fcsr();
}

void arch_frame_resume(const void *frame)
{
    const ucontext_t *u = frame;
    if (u->uc_mcontext.used_math & USED_FLOATS)
        mips_set_fcsr(u->uc_mcontext.fpc_csr);
}

/* ---- the injected call ---- */

#define SIG_PC(u) ((u)->uc_mcontext.pc)
#define SIG_SP(u) ((u)->uc_mcontext.gregs[SP])
#define SIG_FP(u) ((u)->uc_mcontext.gregs[FP])

/* For arch_find_interrupted. */
#define SIG_LINK(u)       ((u)->uc_mcontext.gregs[LINK])
#define SIG_REGISTERS_END offsetof(ucontext_t, uc_mcontext.fpregs)

/* Nothing else changes for a jump; so this is a word of the frame that stays as it is. */
#define SIG_FLAGS(u) (*(unsigned long *)(u))

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags;
}

/* Below lies the room for arguments of those whom arch_preempt calls. */
#define SIG_RECORD ROOM

struct sig_record {
    uintptr_t fp, pc;
    void (*callee)(void);
    uintptr_t sp, flags;
};
_Static_assert(offsetof(struct sig_record, callee) == 8 && offsetof(struct sig_record, sp) == 12, "preempt.S");

static inline void sig_link(char *base, struct sig_record *record)
{
    (void)base;
    (void)record;
}

#include "arch/sigreturn/interrupted.h"

/* Beside the frame, which is there anyway: what arch_preempt calls, aligning, and what the kernel leaves free above a frame. */
size_t arch_inject_room(void)
{
    return 256;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    arch_frame_keep(frame);
    sig_inject(frame, callee);
    return true;
}

/* ---- registers ---- */

/* In compressed code the last bit of the pc says so. */
uintptr_t arch_frame_pc(const void *frame)
{
    return (uintptr_t)SIG_PC((const ucontext_t *)frame);
}

uintptr_t arch_frame_sp(const void *frame)
{
    return (uintptr_t)SIG_SP((const ucontext_t *)frame);
}

uintptr_t arch_frame_fp(const void *frame)
{
    return (uintptr_t)SIG_FP((const ucontext_t *)frame);
}

uintptr_t arch_frame_link(const void *frame)
{
    return (uintptr_t)SIG_LINK((const ucontext_t *)frame);
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

/* The link register holds where the call would have returned to; before that come what is done before the call, and the call. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = u->uc_mcontext.gregs[LINK] - 8;
}

/* See wide.c. */
void arch_frame_settle(void *frame)
{
    mcontext_t *c = &((ucontext_t *)frame)->uc_mcontext;
    uintptr_t pc = (uintptr_t)c->pc;
    if (pc >= (uintptr_t)mips_wide_begins && pc < (uintptr_t)mips_wide_ends)
        c->pc = mips_wide_settle(pc, c->gregs);
}

/* ---- earlier frames ---- */

/* Words of 64 bits, of which the pc is the low half. Counted in those of 32 bits from the pc on: its other half, the registers; and
 * before it the status, flags and link of the ucontext_t, and the signal's number. */
enum { IS_BIG = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, BEGIN = -IS_BIG, OTHER = IS_BIG ? -1 : 1 };
enum { REGISTERS = BEGIN + 2, REGISTER_SP = REGISTERS + 2 * SP, WORDS = REGISTERS + 2 * 32 };
enum { START = BEGIN - 32 / 4, NUMBER = START - 128 / 4, ERROR = NUMBER + 2 };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= WORDS * sizeof *at)
        return false;
    for (const uintptr_t *pair = at + REGISTERS; pair < at + WORDS; pair += 2) {
        uintptr_t low = pair[IS_BIG], other = pair[!IS_BIG];
        if (other != 0 && (other != UINTPTR_MAX || (intptr_t)low >= 0))
            return false;
    }
    uintptr_t sp = at[REGISTER_SP + IS_BIG];
    return at[OTHER] == 0 && at[REGISTERS + IS_BIG] == 0 && sp > (uintptr_t)at && sp <= high;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    (void)frame;
    return looks_like_frame(at, high);
}

/* Frames without information on the signal do not tell which it was: the number makes no sense, most likely. */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if (!looks_like_frame(at, high))
        return 0;
    if ((uintptr_t)at - low < -NUMBER * sizeof *at)
        return UINT64_MAX;
    uint32_t number = (uint32_t)at[NUMBER];
    return number - 1 < 128 && at[ERROR] == 0 ? UINT64_C(1) << (number - 1) % 64 : UINT64_MAX;
}
