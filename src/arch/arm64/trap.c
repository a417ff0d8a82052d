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

/* Behind the registers lie records of more state, each with a number that tells its kind, and its size. The first is that of the
 * vector registers, which is always there. Those that do not fit lie behind the frame, where one among them points to. */
enum { KIND_END = 0, KIND_FPSIMD = 0x46508001, KIND_EXTRA = 0x45585401, KIND_SVE = 0x53564501, KIND_ZA = 0x54366345 };
enum {
    SVE_STREAMS = 1 /* a flag: the CPU is in streaming mode */,
    BARE = 16 /* size of a record without contents, ZA's and SVE's */
};

struct part {
    uint32_t kind, size;
};

struct sve_part {
    struct part head;
    uint16_t length, flags;
};

struct extra_part {
    struct part head;
    uint64_t at;
    uint32_t size;
};

enum { STATE_BYTES = 4096, SIG_BASE = 128 /* the information on the signal */ };

static char *state_of(const ucontext_t *u)
{
    return (char *)u + offsetof(ucontext_t, uc_mcontext) + 288;
}
_Static_assert(offsetof(ucontext_t, uc_mcontext.pc) == 440, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.regs) == 184, "the kernel's layout, which preempt.S knows too");
_Static_assert(sizeof(ucontext_t) >= 176 + 288 + STATE_BYTES, "the kernel's layout");

static struct part *next_part(const struct part *p)
{
    return (struct part *)((char *)p + p->size);
}

/* The first record of a kind; NULL: there is none. */
static struct part *find_part(const ucontext_t *u, uint32_t kind)
{
    const struct extra_part *extra = NULL;
    struct part *p = (struct part *)state_of(u);
    const char *end = (char *)p + STATE_BYTES;
    while ((const char *)(p + 1) <= end && p->kind != kind) {
        if (p->kind == KIND_EXTRA)
            extra = (const struct extra_part *)p;
        if (p->kind != KIND_END) {
            p = next_part(p);
        } else if (extra) {
            p = (struct part *)extra->at;
            end = (char *)p + extra->size;
            extra = NULL;
        } else {
            return NULL;
        }
    }
    return (const char *)(p + 1) <= end ? p : NULL;
}

/* ---- the injected call ---- */

#define SIG_PC(u)    ((u)->uc_mcontext.pc)
#define SIG_SP(u)    ((u)->uc_mcontext.sp)
#define SIG_FP(u)    ((u)->uc_mcontext.regs[29])
#define SIG_FLAGS(u) ((u)->uc_mcontext.pstate)

enum {
    FLAG_BTYPE = 3 << 10 /* an indirect jump has just been made, to where one may lead */,
    FLAG_IL = 1 << 20,
    FLAG_TCO = 1 << 25
};

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags & ~(unsigned long)(FLAG_BTYPE | FLAG_IL | FLAG_TCO);
}

static inline size_t sig_size(const ucontext_t *u)
{
    const struct extra_part *extra = (const struct extra_part *)find_part(u, KIND_EXTRA);
    const char *base = (const char *)u - SIG_BASE;
    return extra ? extra->at + extra->size - (uintptr_t)base : SIG_BASE + sizeof(ucontext_t);
}

static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    struct extra_part *extra = (struct extra_part *)find_part(u, KIND_EXTRA);
    if (extra)
        extra->at += bytes;
}

#include "arch/sigreturn/inject.h"

/* The matrix of SME and its streaming mode are for one function at a time; a call would have to leave them first. The record of the
 * matrix is without contents while that is off. */
static bool is_streaming(const ucontext_t *u)
{
    const struct part *matrix = find_part(u, KIND_ZA);
    const struct sve_part *vectors = (const struct sve_part *)find_part(u, KIND_SVE);
    return (matrix && matrix->size > BARE) || (vectors && (vectors->flags & SVE_STREAMS));
}

/* Beside the frame, which is there anyway: what arch_preempt calls, and aligning. */
size_t arch_inject_room(void)
{
    return 256;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    if (is_streaming(frame))
        return false;
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

uintptr_t arch_frame_fp(const void *frame)
{
    return SIG_FP((const ucontext_t *)frame);
}

uintptr_t arch_frame_link(const void *frame)
{
    return ((const ucontext_t *)frame)->uc_mcontext.regs[30];
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

void arch_frame_resume(const void *frame)
{
    (void)frame;
}

/* The link register holds where the call would have returned to; what comes before is the call. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = arch_unsigned(u->uc_mcontext.regs[30]) - 4;
}

/* ---- earlier frames ---- */

/* Before the pc lies the stack pointer; behind it the flags, and the first of the records. */
enum { SP = -1, FLAGS = 1, FIRST = 3, NUMBER = -(SIG_BASE + 440) / 8 };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= FIRST * sizeof *at)
        return false;
    return (uint32_t)at[FIRST] == KIND_FPSIMD && at[FLAGS] >> 32 == 0 && at[SP] > (uintptr_t)at && at[SP] <= high;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    (void)frame;
    return looks_like_frame(at, high);
}

READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if ((uintptr_t)at - low < -NUMBER * sizeof *at || !looks_like_frame(at, high))
        return 0;
    uint32_t number = (uint32_t)at[NUMBER];
    return number - 1 < 64 ? UINT64_C(1) << (number - 1) : 0;
}
