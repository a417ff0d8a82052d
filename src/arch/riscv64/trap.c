/* The interrupted frame (a ucontext_t): its registers, and the injected call.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/sanitize.h"

enum { GP = 3, TP = 4, FP = 8, SIG_BASE = 128 /* the information on the signal */ };

#define SIG_PC(u) ((u)->uc_mcontext.__gregs[REG_PC])
#define SIG_SP(u) ((u)->uc_mcontext.__gregs[REG_SP])
#define SIG_FP(u) ((u)->uc_mcontext.__gregs[FP])

/* For arch_find_interrupted. */
#define SIG_LINK(u)       ((u)->uc_mcontext.__gregs[REG_RA])
#define SIG_REGISTERS_END offsetof(ucontext_t, uc_mcontext.__fpregs)

/* Nothing else changes for a jump; so this is a word of the frame that stays as it is. */
#define SIG_FLAGS(u) (*(unsigned long *)(u))

static inline unsigned long sig_flags_of_call(unsigned long flags)
{
    return flags;
}

static inline bool sig_is_elsewhere(ucontext_t *u);

/* Where the kernel's frame ends: it lies right below the interrupted stack pointer, or at the end of an alternate stack. */
static uintptr_t frame_end(const ucontext_t *u)
{
    const stack_t *s = &u->uc_stack;
    return sig_is_elsewhere((ucontext_t *)u) ? (uintptr_t)s->ss_sp + s->ss_size : SIG_SP(u);
}

static inline size_t sig_size(const ucontext_t *u)
{
    return frame_end(u) - (uintptr_t)u + SIG_BASE;
}

/* ---- vector registers ---- */

/* From Linux 6.5 on, records of more state follow upon the registers, each with a number that tells its kind, and its size. The
 * head of the first takes the last words of what once was reserved; so there is a last one of the kind 0. Where vectors have been
 * used by the thread, there is a record of them, which says by an address where the registers are: behind it. */
enum { KIND_END = 0, KIND_VECTORS = 0x53465457 };
enum { STATE_WORDS = 6 /* the control words, the width, the address */ };

struct part {
    uint32_t kind, size;
};

_Static_assert(offsetof(ucontext_t, uc_mcontext.__gregs) == 176, "the kernel's layout, which preempt.S knows too");
_Static_assert(offsetof(ucontext_t, uc_mcontext.__fpregs) == 432, "the kernel's layout, which preempt.S knows too");
_Static_assert(sizeof(ucontext_t) == 960, "the kernel's layout");

static bool machine_has_vectors;

void arch_init(void)
{
    machine_has_vectors = getauxval(AT_HWCAP) >> ('V' - 'A') & 1;
}

/* Not in the frames of an emulator that ends them where floating point ends. */
static bool has_parts(const ucontext_t *u)
{
    return frame_end(u) - (uintptr_t)u >= sizeof *u;
}

/* NULL: the frame has none. */
static struct part *find_vectors(const ucontext_t *u)
{
    uintptr_t at = (uintptr_t)(u + 1) - sizeof(struct part), end = frame_end(u);
    if (!has_parts(u))
        return NULL;
    for (struct part *p = (struct part *)at; at + sizeof *p <= end && p->kind != KIND_END; p = (struct part *)at) {
        if (p->kind == KIND_VECTORS)
            return p;
        at += p->size ? p->size : end;
    }
    return NULL;
}

/* By vtype: what has never been set is illegal, and its highest bit is on. */
static bool vectors_are_in_use(void)
{
    long type;
    __asm__ volatile("csrr %0, 0xc21" : "=r"(type));
    return type >= 0;
}

/* A frame that could hold vectors, and has none, is of a thread that has used none. One that could not is an emulator's, whose
 * threads can use them at any time. */
bool arch_frame_lacks(const void *frame)
{
    return machine_has_vectors && !has_parts(frame) && vectors_are_in_use();
}

/* Which of the words is the address depends on the kernel; none of the others can be the same. */
static inline void sig_moved(ucontext_t *u, uintptr_t bytes)
{
    struct part *p = find_vectors(u);
    uintptr_t *words = (uintptr_t *)(p + 1), registers = (uintptr_t)(words + STATE_WORDS);
    for (int i = 0; p && i < STATE_WORDS; i++)
        if (words[i] == registers - bytes)
            words[i] = registers;
}

/* The kernel gives a thread its vector registers when it first uses one, and takes a frame with vectors for broken on a thread that
 * has none. To read the width is to use one. */
void arch_frame_resume(const void *frame)
{
    long width;
    if (find_vectors(frame))
        __asm__ volatile("csrr %0, 0xc22" : "=r"(width));
}

/* ---- the injected call ---- */

#include "arch/sigreturn/interrupted.h"

/* Beside the frame, which is there anyway: what arch_preempt calls, and aligning. */
size_t arch_inject_room(void)
{
    return 256;
}

bool arch_inject(void *frame, void (*callee)(void))
{
    if (arch_frame_lacks(frame))
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
    return SIG_LINK((const ucontext_t *)frame);
}

void arch_frame_set_pc(void *frame, uintptr_t pc)
{
    SIG_PC((ucontext_t *)frame) = pc;
}

void arch_frame_adopt(void *frame)
{
    ((ucontext_t *)frame)->uc_mcontext.__gregs[TP] = arch_thread_pointer();
}

/* The link register holds where the call would have returned to; what comes before is the call, be it compressed or not. */
void arch_frame_uncall(void *frame)
{
    ucontext_t *u = frame;
    SIG_PC(u) = u->uc_mcontext.__gregs[REG_RA] - 2;
}

/* ---- earlier frames ---- */

/* Behind the pc lie the stack pointer and the program's global pointer; far before it the context begins with two zeros. */
enum { SP = REG_SP, ZEROS = -176 / 8, NUMBER = -(SIG_BASE + 176) / 8 };

static uintptr_t global_pointer(void)
{
    uintptr_t pointer;
    __asm__("mv %0, gp" : "=r"(pointer));
    return pointer;
}

static READS_ANYTHING bool looks_like_frame(const uintptr_t *at, uintptr_t high)
{
    if (high - (uintptr_t)at <= GP * sizeof *at)
        return false;
    return at[GP] == global_pointer() && at[ZEROS] == 0 && at[ZEROS + 1] == 0 && at[SP] > (uintptr_t)at && at[SP] <= high;
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
