/* The injected call on CPUs that have no way back to an arbitrary instruction but the kernel's: a jump needs a register there, and
 * none may change. So arch_preempt ends as a signal handler does: it asks the kernel to bring back the frame that the signal left.
 *
 * That frame lies right below the interrupted stack pointer, and already holds all that there is to save, at the width that this
 * machine has. Nothing is copied: arch_inject makes the frame resume in arch_preempt, with the stack pointer at the frame's lower
 * end, so that it stays where it is beneath the call; what it has to change in the frame for that it notes in a record, over the
 * information on the signal, which is of no use any more. After the call arch_uninject puts that right, and the kernel brings the
 * frame back a second time. A fault's frame, which is on an alternate stack, is copied to where it would be else.
 *
 * The alternate stack that a frame names is set again each time that it is brought back: it must be that of the thread on which the
 * call returns; and so must be the thread pointer, where that is a register of the frame. The signal mask is the goroutine's, and
 * so right anywhere.
 *
 * A CPU's trap.c includes this after it has said, by static inline functions and macros, what its frame looks like:
 *   SIG_BASE        bytes from the lower end of the kernel's frame to the ucontext_t
 *   SIG_LOWER_END   (u) instead of it, where that is not all: the frame's lower end, as the handler found it, while the frame is as
 *                   the kernel left it; and
 *   SIG_PLACE       (u) where the record may lie. Such a CPU ends its arch_preempt itself, with sig_uninject
 *   SIG_PC, SIG_SP, SIG_FP    (u) words of it, as lvalues
 *   SIG_FLAGS       (u) another: what else must change for a jump to arch_preempt
 *   sig_flags_of_call         (flags) these, as a called function expects them
 *   sig_size        (u) how many bytes the frame has from its lower end on
 *   sig_moved       (u, bytes) adjusts what a copy of a frame, that many bytes higher, says of itself
 * Where the lower end is not the place for the record:
 *   SIG_RECORD      how far above that it lies, struct sig_record, and
 *   sig_link        (base, record) makes walks by frame pointers find it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_SIGRETURN_INJECT_H
#define ARCH_SIGRETURN_INJECT_H

#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "arch/arch.h"

/* Where unwinders do not take the pc of a record as it is: what they are to find there, and the pc again. */
#ifndef SIG_RETURN
#define SIG_RETURN(u)  SIG_PC(u)
#define SIG_RESUME(pc) (pc)
#endif

#ifndef SIG_RECORD
#define SIG_RECORD 0

/* Begins as a record that a frame pointer points to. preempt.S and its unwind information know the offsets. */
struct sig_record {
    uintptr_t fp, pc;
    void (*callee)(void);
    uintptr_t sp, flags;
};

_Static_assert(offsetof(struct sig_record, callee) == 2 * sizeof(long), "preempt.S");
_Static_assert(offsetof(struct sig_record, sp) == 3 * sizeof(long), "preempt.S");

static inline void sig_link(char *base, struct sig_record *record)
{
    (void)base;
    (void)record;
}
#endif

_Static_assert(sizeof(struct sig_record) <= sizeof(siginfo_t), "there is room for it");

extern void arch_preempt(void) __attribute__((visibility("hidden")));

#ifndef SIG_PLACE
#define SIG_LOWER_END(u) ((char *)(u)-SIG_BASE)
#define SIG_PLACE(u)     (SIG_LOWER_END(u) + SIG_RECORD)
#define SIG_OWN_END      0
#else
#define SIG_OWN_END 1
#endif

static inline bool sig_on_stack(const stack_t *stack, uintptr_t at)
{
    return at - (uintptr_t)stack->ss_sp < stack->ss_size;
}

/* True if the kernel put the frame not on the interrupted stack, but on an alternate one that was not in use before. */
static inline bool sig_is_elsewhere(ucontext_t *u)
{
    return sig_on_stack(&u->uc_stack, (uintptr_t)u) && !sig_on_stack(&u->uc_stack, SIG_SP(u));
}

static inline ucontext_t *sig_copy(ucontext_t *u)
{
    size_t size = sig_size(u);
    char *base = (char *)(uintptr_t)((SIG_SP(u) - ARCH_RED_ZONE - size) & -(uintptr_t)16), *from = SIG_LOWER_END(u);
    ucontext_t *copy = (ucontext_t *)(base + ((char *)u - from));
    memcpy(base, from, size);
    sig_moved(copy, (uintptr_t)base - (uintptr_t)from);
    return copy;
}

static inline void sig_inject(ucontext_t *u, void (*callee)(void))
{
    ucontext_t *kept = sig_is_elsewhere(u) ? sig_copy(u) : u;
    char *base = SIG_LOWER_END(kept);
    struct sig_record *record = (struct sig_record *)SIG_PLACE(kept);
    *record = (struct sig_record){.fp = SIG_FP(u), .pc = SIG_RETURN(u), .callee = callee, .sp = SIG_SP(u), .flags = SIG_FLAGS(u)};
    sig_link(base, record);
    SIG_PC(u) = ARCH_CODE(arch_preempt);
    SIG_SP(u) = (uintptr_t)base;
    SIG_FP(u) = (uintptr_t)record - (uintptr_t)ARCH_RECORD_AT;
    SIG_FLAGS(u) = sig_flags_of_call(SIG_FLAGS(u));
}

static inline void sig_uninject(ucontext_t *u, const struct sig_record *record)
{
    SIG_PC(u) = SIG_RESUME(record->pc);
    SIG_SP(u) = record->sp;
    SIG_FP(u) = record->fp;
    SIG_FLAGS(u) = record->flags;
    arch_system_call(SYS_sigaltstack, 0, (long)&u->uc_stack, 0, 0, 0, 0);
    arch_frame_adopt(u);
    arch_frame_resume(u);
}

#if !SIG_OWN_END
/* Called by arch_preempt with the lower end of the frame. */
void arch_uninject(char *base) __attribute__((visibility("hidden")));
void arch_uninject(char *base)
{
    sig_uninject((ucontext_t *)(base + SIG_BASE), (const struct sig_record *)(base + SIG_RECORD));
}
#endif

#endif
