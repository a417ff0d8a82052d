/* The interrupted frame on both x86 CPUs, as far as they share it. Needs <ucontext.h>.
 *
 * arch_preempt (preempt.S) starts with the stack pointer at an entry record: the pc, the address below the red zone where the last
 * `ret` will look for the pc, and the callee. The obvious way, pushing the pc below the red zone right here, is wrong: the handler
 * runs on the interrupted stack, so that the kernel's frame begins just there, and for one alignment in eight its first word is
 * the magic number behind the XSAVE area. Without it sigreturn silently resets the upper halves of all vector registers. So the
 * record goes into words of the frame that the kernel writes for the handler to read and never reads back, and arch_preempt moves
 * the pc up once sigreturn is done with the frame.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_X86_FRAME_H
#define ARCH_X86_FRAME_H

#include <string.h>
#include "arch/arch.h"
#include "arch/x86/state.h"

/* Components that arch_preempt may leave alone: PKRU is the thread's. */
enum { X86_PKRU = 1 << 9 };

extern void arch_preempt(void) __attribute__((visibility("hidden")));

static inline bool x86_on_stack(const stack_t *stack, uintptr_t at)
{
    return at - (uintptr_t)stack->ss_sp < stack->ss_size;
}

/* True if the kernel put the frame not on the interrupted stack, but on an alternate one that was not in use before. */
static inline bool x86_frame_elsewhere(const ucontext_t *u, uintptr_t sp)
{
    return x86_on_stack(&u->uc_stack, (uintptr_t)u) && !x86_on_stack(&u->uc_stack, sp);
}

/* True if the frame holds components that are in use and that arch_preempt does not save. `fxsave` is the frame's image in the
 * format of that instruction, which the kernel continues with a header if it is an XSAVE image. */
static inline bool x86_unsaved(const char *fxsave)
{
    enum { MAGIC_AT = 464, MAGIC = 0x46505853, HEADER_AT = 512 };
    uint32_t magic;
    uint64_t in_use;

    memcpy(&magic, fxsave + MAGIC_AT, sizeof(magic));
    if (magic != MAGIC)
        return false;
    memcpy(&in_use, fxsave + HEADER_AT, sizeof(in_use));
    return (in_use & ~(arch_state.mask | X86_PKRU)) != 0;
}

#endif
