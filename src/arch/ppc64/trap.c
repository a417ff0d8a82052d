/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "arch/ppc64/state.h"
#include "base/sanitize.h"

/* ---- the frame of this kernel ---- */

/* Among the general registers. */
enum { SP = 1, THREAD = 13, FP = 31, PC = 32, MSR = 33, LINK = 36 };

#define WORD(u, n) ((u)->uc_mcontext.gp_regs[n])
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 40, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.gp_regs) == 232, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.v_regs) == 880, "the kernel's layout, which preempt.S knows too");

/* The vectors lie where v_regs points: 32, VSCR, VRSAVE; behind them the other halves of the floating-point registers. */
enum { VECTOR_BYTES = 34 * 16 + 32 * 8 };

/* What the handler's stack pointer was when it began: beneath the ucontext_t lies a frame that looks like a caller's, whose first
 * word is the interrupted stack pointer. Linux has 128 bytes of it, and some emulators more. */
static char *lower_end(const ucontext_t *u)
{
    enum { LINUX = 128, MORE = 144 };
    const char *end = (const char *)u - LINUX;
    return (char *)u - (*(const uintptr_t *)end == WORD(u, SP) ? LINUX : MORE);
}

/* ---- the injected call ---- */

#define SIG_PC(u)        WORD(u, PC)
#define SIG_SP(u)        WORD(u, SP)
#define SIG_FP(u)        WORD(u, FP)
#define SIG_FLAGS(u)     WORD(u, MSR)
#define SIG_LOWER_END(u) lower_end(u)
#define SIG_PLACE(u)     kept_in(u)

/* Beneath the ucontext_t live the handlers that are still to return, so the record lies in words that are of no use: a libc's
 * signal mask is larger than the kernel's. */
static struct kept *kept_in(const ucontext_t *u)
{
    return (struct kept *)((char *)&u->uc_sigmask + sizeof(uint64_t));
}

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags;
}

static inline size_t sig_size(const ucontext_t *u)
{
    const char *end = u->uc_mcontext.v_regs ? (const char *)u->uc_mcontext.v_regs + VECTOR_BYTES : (const char *)(u + 1);
    return (size_t)(end - lower_end(u));
}

static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    u->uc_mcontext.regs = (struct pt_regs *)((uintptr_t)u->uc_mcontext.regs + bytes);
    if (u->uc_mcontext.v_regs)
        u->uc_mcontext.v_regs = (vrregset_t *)((uintptr_t)u->uc_mcontext.v_regs + bytes);
}

#include "arch/sigreturn/inject.h"

/* The record of an injected call, and what no frame has. */
struct kept {
    struct sig_record call;
    uintptr_t
        way_back;    /* where the handler returns to: an emulator and a kernel do not mean the same stack pointer by rt_sigreturn */
    uint64_t target; /* TAR */
    uint32_t vscr;   /* an emulator does not save it */
};
_Static_assert(sizeof(struct kept) <= sizeof(sigset_t) - sizeof(uint64_t), "there is room for it");

/* A transaction has two states of all registers, and any call ends it. */
static bool is_transaction(const ucontext_t *u)
{
    enum { STATE_SHIFT = 33 };
    return (WORD(u, MSR) >> STATE_SHIFT & 3) != 0;
}

/* Beside the frame, which is there anyway: what arch_preempt calls, and aligning. */
size_t arch_inject_room(void)
{
    return 768;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    ucontext_t *u = frame;
    if (is_transaction(u))
        return false;
    arch_frame_keep(frame);
    kept_in(u)->way_back = ((const uintptr_t *)lower_end(u))[2]; /* who is called puts there where he returns to */
    sig_inject(u, callee);
    return true;
}

/* What arch_preempt is about. Returns where it goes on, as a handler that returns. */
uintptr_t arch_injected(struct kept *kept) __attribute__((visibility("hidden")));
uintptr_t arch_injected(struct kept *kept)
{
    enum { NOT_JAVA = 0x10000 /* as Linux starts a thread */ };
    ucontext_t *u = (ucontext_t *)((char *)kept - offsetof(ucontext_t, uc_sigmask) - sizeof(uint64_t));
    ppc64_set_fpscr(0);
    if (arch_has_vectors)
        ppc64_set_vscr(NOT_JAVA);
    kept->call.callee();
    sig_uninject(u, &kept->call);
    return kept->way_back;
}

/* ---- what a frame lacks ---- */

static bool has_target(void)
{
    enum { HAS_TAR = 0x04000000 };
    static atomic_int has; /* 1: no, 2: yes */
    int known = atomic_load_explicit(&has, memory_order_relaxed);
    if (known == 0) {
        known = (getauxval(AT_HWCAP2) & HAS_TAR) != 0 ? 2 : 1;
        atomic_store_explicit(&has, known, memory_order_relaxed);
    }
    return known == 2;
}

void arch_frame_keep(void *frame)
{
    struct kept *kept = kept_in(frame);
    if (has_target())
        kept->target = ppc64_tar();
    if (arch_has_vectors)
        kept->vscr = ppc64_vscr();
}

/* An emulator brings back FPSCR, and goes on rounding as before if it is not written. */
void arch_frame_resume(const void *frame)
{
    const ucontext_t *u = frame;
    const struct kept *kept = kept_in(u);
    if (has_target())
        ppc64_set_tar(kept->target);
    if (arch_has_vectors)
        ppc64_set_vscr(kept->vscr);
    uint64_t fpscr;
    memcpy(&fpscr, &u->uc_mcontext.fp_regs[32], sizeof fpscr);
    ppc64_set_fpscr(fpscr);
}

void arch_frame_adopt(void *frame)
{
    WORD((ucontext_t *)frame, THREAD) = arch_thread_pointer();
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

uintptr_t arch_frame_fp(const void *frame)
{
    return SIG_FP((const ucontext_t *)frame);
}

uintptr_t arch_frame_link(const void *frame)
{
    return WORD((const ucontext_t *)frame, LINK);
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

/* The link register holds where the call would have returned to; what comes before is the call. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = WORD(u, LINK) - 4;
}

/* ---- earlier frames ---- */

/* As counted from the pc: the first register, and before that a word that points to it, and the signal's number. */
enum { FIRST = -PC, POINTER = FIRST - 1, NUMBER = FIRST - 4 };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if ((uintptr_t)at - low < -NUMBER * sizeof *at)
        return false;
    return at[POINTER] == (uintptr_t)(at + FIRST) && at[FIRST + SP] > (uintptr_t)at && at[FIRST + SP] <= high;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    return looks_like_frame(at, arch_frame_sp(frame), high);
}

READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if (!looks_like_frame(at, low, high))
        return 0;
    uint32_t number;
    memcpy(&number, &at[NUMBER], sizeof number);
    return number - 1 < 64 ? UINT64_C(1) << (number - 1) : 0;
}
