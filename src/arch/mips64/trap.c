/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * The pc of a frame is never in a delay slot: if the instruction there was interrupted, the frame shows the branch before it, which
 * is then done once more. So are pairs of load linked and store conditional, which any interrupt ends; in qemu, where none does,
 * any store conditional does, and nobody is taken off without one.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "arch/mips64/state.h"
#include "base/sanitize.h"

/* ---- the frame of this kernel ---- */

/* Below the ucontext_t: the information on the signal, and 24 bytes that other ABIs need. */
enum { SIG_BASE = 24 + 128 };

/* Among the general registers. */
enum { CALLED = 25, SP = 29, FP = 30, LINK = 31 };

#define WORD(u, n) ((u)->uc_mcontext.gregs[n])
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == 40, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.fpregs) == 296, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.pc) == 616, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 640, "the kernel's layout");

/* The kernel's mask has a bit for each signal, which is less than libc's has. Behind it lie records of more state, each with a
 * number that tells its kind, and its size. That there are any is a flag. */
enum {
    MASK_BYTES = 16,
    RECORDS_AT = 640 + MASK_BYTES,
    KIND_MSA = 0x784d5341,
    HAS_RECORDS = 8,
    END_BYTES = 4,
    RECORDS_MOST = 65536
};

struct part {
    uint32_t kind, size;
};

static const struct part *first_part(const ucontext_t *u)
{
    return (const struct part *)((const char *)u + RECORDS_AT);
}

/* Linux has one kind. */
static bool has_vectors(const ucontext_t *u)
{
    return (u->uc_mcontext.used_math & HAS_RECORDS) != 0 && first_part(u)->kind == KIND_MSA;
}

/* Linux says of a frame of this ABI that it has 64 bits of each floating-point register, if it has them at all. qemu does not, and
 * has neither the control word nor vectors there. */
static bool is_an_emulators(const ucontext_t *u)
{
    enum { HAS_FLOATS = 1 };
    return u->uc_mcontext.used_math == HAS_FLOATS;
}

/* ---- the injected call ---- */

#define SIG_PC(u) ((u)->uc_mcontext.pc)
#define SIG_SP(u) WORD(u, SP)
#define SIG_FP(u) WORD(u, FP)

/* For arch_find_interrupted. */
#define SIG_LINK(u)       WORD(u, LINK)
#define SIG_REGISTERS_END (offsetof(ucontext_t, uc_mcontext.pc) + sizeof(uint64_t))

/* A function finds its own by its address, in this register. */
#define SIG_FLAGS(u) WORD(u, CALLED)

extern void arch_preempt(void) __attribute__((visibility("hidden")));

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    (void)flags;
    return (uintptr_t)arch_preempt;
}

static inline size_t sig_size(const ucontext_t *u)
{
    size_t size = SIG_BASE + RECORDS_AT;
    if (has_vectors(u) && first_part(u)->size < RECORDS_MOST)
        size += first_part(u)->size + END_BYTES;
    return size;
}

/* All that it says of itself is relative. */
static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    (void)u;
    (void)bytes;
}

#include "arch/sigreturn/interrupted.h"

/* Beside the frame, which is there anyway: what arch_preempt calls, and aligning. */
size_t arch_inject_room(void)
{
    return 512;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    if (arch_frame_lacks(frame))
        return false;
    arch_frame_keep(frame);
    sig_inject(frame, callee);
    return true;
}

/* ---- what a frame lacks ---- */

bool arch_frame_lacks(const void *frame)
{
    return arch_has_vectors && is_an_emulators(frame) && arch_msa_in_use();
}

void arch_frame_keep(void *frame)
{
    ucontext_t *u = frame;
    if (is_an_emulators(u))
        u->uc_mcontext.fpc_csr = mips64_fcsr();
}

/* The kernel gives a thread its vectors when it first uses one, and clears them then: so that what it brings back stays, one is
 * used before. */
void arch_frame_resume(const void *frame)
{
    const ucontext_t *u = frame;
    if (has_vectors(u))
        (void)arch_msacsr();
    if (is_an_emulators(u))
        mips64_set_fcsr(u->uc_mcontext.fpc_csr);
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
    return SIG_LINK((const ucontext_t *)frame);
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

/* The link register holds where the call would have returned to; what comes before is the call, and its delay slot. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = WORD(u, LINK) - 8;
}

/* ---- earlier frames ---- */

/* As counted from the pc, in words: the general registers, the context's flags, its link; a word with the control word and a flag
 * in it; in bytes, the signal's number. */
enum { FIRST = -(616 - 40) / 8, START = -616 / 8, FLAGS = 1, NUMBER = -(616 + 128) };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    enum { USED_MOST = 15 };
    if ((uintptr_t)at - low < -(uintptr_t)NUMBER || high - (uintptr_t)at <= FLAGS * sizeof *at)
        return false;
    uint32_t used = ((const uint32_t *)(at + FLAGS))[1];
    return at[START] == 0 && at[START + 1] == 0 && at[FIRST] == 0 && used <= USED_MOST && at[FIRST + SP] > (uintptr_t)at &&
           at[FIRST + SP] <= high;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    return looks_like_frame(at, arch_frame_sp(frame), high);
}

/* There are 128 signals, and two of them have one bit. */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if (!looks_like_frame(at, low, high))
        return 0;
    uint32_t number = *(const uint32_t *)((const char *)at + NUMBER);
    return number - 1 < 128 ? UINT64_C(1) << (number - 1) % 64 : 0;
}
