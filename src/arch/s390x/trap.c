/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/sanitize.h"

/* ---- the frame of this kernel ---- */

/* The lower end is a save area like any caller's, with the chain in it; then an instruction that old kernels let a handler return
 * to, the information on the signal, and the ucontext_t, which is longer than libc knows: behind it lie the halves and the
 * registers of the vectors that do not belong to floating point, where the machine has vectors. */
enum {
    CHAIN_AT = 0,
    INFO_AT = S390X_SAVE_AREA + 8,
    SIG_BASE = INFO_AT + 128,
    SHORT_BYTES = 512,
    VECTOR_BYTES = 512,
    HAS_VECTORS = 2 /* of uc_flags */
};
_Static_assert(sizeof(siginfo_t) == SIG_BASE - INFO_AT, "the kernel's layout");
_Static_assert(offsetof(ucontext_t, uc_mcontext.psw) == 40, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == SHORT_BYTES - 128, "the kernel's layout");

/* ---- the injected call ---- */

#define SIG_PC(u)    ((u)->uc_mcontext.psw.addr)
#define SIG_SP(u)    ((u)->uc_mcontext.gregs[15])
#define SIG_FP(u)    ((u)->uc_mcontext.gregs[11])
#define SIG_FLAGS(u) ((u)->uc_mcontext.psw.mask)

/* Of the PSW: what user code can change. The rest is the same in every program of 64 bits. */
#define MASK_USER   0x0000ff8000000000u /* address space, condition code, program mask, runtime instrumentation */
#define MASK_FIXED  0x0705000180000000u
#define MASK_CALLED 0x0000008000000000u /* what a call leaves alone of it */

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags & ~(MASK_USER & ~MASK_CALLED);
}

static inline size_t sig_size(const ucontext_t *u)
{
    return SIG_BASE + SHORT_BYTES + (u->uc_flags & HAS_VECTORS ? VECTOR_BYTES : 0);
}

static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    (void)u;
    (void)bytes;
}

/* The save area at the lower end is for what arch_preempt calls. So the record lies over the information on the signal, as the save
 * area of the next frame in the chain would: with the interrupted pc as what that returns to. */
#define SIG_RECORD INFO_AT

struct sig_record {
    uintptr_t chain;
    void (*callee)(void);
    uintptr_t sp, fp, flags, unused[9], pc;
};
_Static_assert(offsetof(struct sig_record, pc) == offsetof(struct arch_record, pc), "it can be read as one");

static READS_ANYTHING void sig_link(char *base, struct sig_record *record)
{
    record->chain = *(const uintptr_t *)record->sp;
    *(uintptr_t *)(base + CHAIN_AT) = (uintptr_t)record;
}

#include "arch/sigreturn/inject.h"

/* Beside the frame, which is there anyway: what arch_preempt calls. */
size_t arch_inject_room(void)
{
    return 512;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    sig_inject(frame, callee);
    return true;
}

/* ---- registers ---- */

uintptr_t arch_frame_pc(const void *frame)
{
    return SIG_PC((const ucontext_t *)frame);
}

uintptr_t arch_frame_sp(const void *frame)
{
    return SIG_SP((const ucontext_t *)frame);
}

/* The chain begins at the stack pointer, unless the function has no frame. */
uintptr_t arch_frame_fp(const void *frame)
{
    return SIG_SP((const ucontext_t *)frame);
}

uintptr_t arch_frame_link(const void *frame)
{
    return ((const ucontext_t *)frame)->uc_mcontext.gregs[14];
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

void arch_frame_resume(const void *frame)
{
    (void)frame;
}

/* The thread pointer lies in the access registers 0 and 1. */
void arch_frame_adopt(void *frame)
{
    uintptr_t pointer = arch_thread_pointer();
    unsigned int *halves = ((ucontext_t *)frame)->uc_mcontext.aregs;
    halves[0] = (unsigned int)(pointer >> 32);
    halves[1] = (unsigned int)pointer;
}

/* r14 holds where the call would have returned to; what comes before is the call, of 2, 4 or 6 bytes. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = u->uc_mcontext.gregs[14] - 2;
}

/* ---- earlier frames ---- */

/* In words from the pc on. Before it lies the mask. A handler that is told nothing has a frame of another kind, in which a pointer
 * to the mask comes before that; in the other kind it is the ucontext_t's head, and before that the information on the signal. */
enum { MASK = -1, POINTER = -2, LINK = -5, KIND = -6, R15 = 16, NUMBER = -(SIG_BASE - INFO_AT + 48) / 8 };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= R15 * sizeof *at)
        return false;
    return (at[MASK] & ~MASK_USER) == MASK_FIXED && at[R15] > (uintptr_t)at && at[R15] <= high;
}

static READS_ANYTHING bool is_plain(const uintptr_t *at)
{
    return at[POINTER] == (uintptr_t)(at + MASK);
}

static READS_ANYTHING bool is_full(const uintptr_t *at)
{
    return at[LINK] == 0 && (at[KIND] & ~(uintptr_t)HAS_VECTORS) == 0;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    (void)frame;
    return looks_like_frame(at, high) && (is_plain(at) || is_full(at));
}

/* Which signal it was, the frame of a handler that is told nothing does not say. */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if ((uintptr_t)at - low < -NUMBER * sizeof *at || !looks_like_frame(at, high))
        return 0;
    if (is_plain(at))
        return UINT64_MAX;
    uint32_t number = (uint32_t)(at[NUMBER] >> 32);
    return is_full(at) && number - 1 < 64 ? UINT64_C(1) << (number - 1) : 0;
}
