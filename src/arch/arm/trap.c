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

enum { SIG_BASE = 128 /* the information on the signal */ };

_Static_assert(offsetof(ucontext_t, uc_mcontext.arm_r0) == 32, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.arm_cpsr) == 96, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_regspace) == 232, "the kernel's layout, which preempt.S knows too");

/* ---- the injected call ---- */

#define SIG_PC(u)    ((u)->uc_mcontext.arm_pc)
#define SIG_SP(u)    ((u)->uc_mcontext.arm_sp)
#define SIG_FP(u)    ((u)->uc_mcontext.arm_fp)
#define SIG_FLAGS(u) ((u)->uc_mcontext.arm_cpsr)

/* Of the flags: the instruction set, how far a block of conditional instructions is done, the byte order. */
enum { FLAG_THUMB = 1 << 5, FLAG_JAVA = 1 << 24, FLAGS_BLOCK = 0x0600fc00, FLAG_BIG = 1 << 9 };

static inline bool is_thumb(const ucontext_t *u)
{
    return SIG_FLAGS(u) & FLAG_THUMB;
}

/* The least length of an instruction. Unwinders look that far before a return address, and for its instruction set in the last bit.
 */
enum { STEP = 2 };
#define SIG_RETURN(u)  ((SIG_PC(u) + STEP) | is_thumb(u))
#define SIG_RESUME(pc) (arch_unsigned(pc) - STEP)

/* arch_preempt is ARM code. */
static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags & ~(unsigned long)(FLAG_THUMB | FLAG_JAVA | FLAGS_BLOCK | FLAG_BIG);
}

static inline size_t sig_size(const ucontext_t *u)
{
    (void)u;
    return SIG_BASE + sizeof(ucontext_t);
}

static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    (void)u;
    (void)bytes;
}

#include "arch/sigreturn/inject.h"

/* Beside the frame, which is there anyway: what arch_preempt calls, and aligning. */
size_t arch_inject_room(void)
{
    return 256;
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

/* Thumb code cannot well use the register that ARM code has for it. */
uintptr_t arch_frame_fp(const void *frame)
{
    const ucontext_t *u = frame;
    return is_thumb(u) ? u->uc_mcontext.arm_r7 : u->uc_mcontext.arm_fp;
}

uintptr_t arch_frame_link(const void *frame)
{
    return ((const ucontext_t *)frame)->uc_mcontext.arm_lr;
}

uintptr_t arch_frame_more(const void *frame)
{
    const ucontext_t *u = frame;
    return arm_more(is_thumb(u), is_thumb(u) ? u->uc_mcontext.arm_fp : u->uc_mcontext.arm_r7);
}

/* Elsewhere no block of conditional instructions has begun: the old place's would make it skip some. */
void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    ucontext_t *u = frame;
    if (SIG_PC(u) == pc)
        return;
    SIG_PC(u) = pc;
    SIG_FLAGS(u) &= ~(unsigned long)FLAGS_BLOCK;
}

/* A pair of exclusive load and store that was interrupted begins anew. The kernel sees to that; qemu does not. */
void arch_frame_resume(const void *frame)
{
    (void)frame;
    __asm__ volatile("clrex" ::: "memory");
}

/* The link register holds where the call would have returned to, and in which instruction set; what comes before is the call. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    bool thumb = u->uc_mcontext.arm_lr & 1;
    SIG_PC(u) = arch_unsigned(u->uc_mcontext.arm_lr) - (thumb ? 2 : 4);
    SIG_FLAGS(u) = (SIG_FLAGS(u) & ~(unsigned long)(FLAG_THUMB | FLAGS_BLOCK)) | (thumb ? FLAG_THUMB : 0);
}

/* ---- earlier frames ---- */

/* Around the pc, in words: the stack pointer and the flags; where the mask begins; and the first of the records of more state. */
enum { SP = -2, FLAGS = 1, FIRST = (232 - 92) / 4, START = -92 / 4, NUMBER = -(SIG_BASE + 92) / 4, ERROR };
enum { STATE_VFP = 0x56465001, STATE_IWMMXT = 0x12ef842a, STATE_NO_IWMMXT = 0xb0d9ed01 - 0x100000000 };
enum { MODE = 0xdf, MODE_OF_USER = 0x10, WITHOUT_INFO = 0x5ac3c35a };

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= FIRST * sizeof *at)
        return false;
    int32_t first = (int32_t)at[FIRST];
    return (first == STATE_VFP || first == STATE_IWMMXT || first == STATE_NO_IWMMXT) && (at[FLAGS] & MODE) == MODE_OF_USER &&
           at[SP] > (uintptr_t)at && at[SP] <= high;
}

READS_ANYTHING bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high)
{
    (void)frame;
    return looks_like_frame(at, high);
}

/* Frames without information on the signal do not tell which it was. The kernel marks them; under qemu it is the number that makes
 * no sense. */
READS_ANYTHING uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high)
{
    if ((uintptr_t)at - low < -START * sizeof *at || !looks_like_frame(at, high))
        return 0;
    if (at[START] == WITHOUT_INFO || (uintptr_t)at - low < -NUMBER * sizeof *at)
        return UINT64_MAX;
    uint32_t number = (uint32_t)at[NUMBER];
    return number - 1 < 64 && at[ERROR] == 0 ? UINT64_C(1) << (number - 1) : UINT64_MAX;
}
