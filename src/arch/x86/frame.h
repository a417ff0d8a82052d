/* The interrupted frame on both x86 CPUs, as far as they share it. Needs <ucontext.h>.
 *
 * arch_preempt (preempt.S) starts with the stack pointer at an entry record: the pc, the address below the red zone where the last
 * `ret` will look for the pc, the callee, and where to save the vector and floating-point state. The obvious way, pushing the pc
 * below the red zone right here, is wrong: the handler runs on the interrupted stack, so that the kernel's frame begins just there,
 * and for one alignment in eight its first word is the magic number behind the XSAVE area. Without it sigreturn silently resets the
 * upper halves of all vector registers. So the record goes into words of the frame that the kernel writes for the handler to read
 * and never reads back, and arch_preempt moves the pc up once sigreturn is done with the frame. Since the frame is dead then, the
 * state is saved where the kernel had saved it: an injected call needs hardly more stack than the interrupt itself.
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

/* The selector is the same for all threads. */
static inline uint16_t x86_code_segment(void)
{
    uint16_t selector;
    __asm__("movw %%cs, %0" : "=r"(selector));
    return selector;
}

static inline uint64_t x86_signal_bit(uint32_t number)
{
    return number - 1 < 64 ? UINT64_C(1) << (number - 1) : 0;
}

static inline bool x86_on_stack(const stack_t *stack, uintptr_t at)
{
    return at - (uintptr_t)stack->ss_sp < stack->ss_size;
}

/* True if the kernel put the frame not on the interrupted stack, but on an alternate one that was not in use before. */
static inline bool x86_frame_elsewhere(const ucontext_t *u, uintptr_t sp)
{
    return x86_on_stack(&u->uc_stack, (uintptr_t)u) && !x86_on_stack(&u->uc_stack, sp);
}

/* Where to save in the dead frame: where the kernel had. The pc slot may reach into the end of that; then one step of alignment
 * lower, over what the frame has before it (the signal's information). */
static inline char *x86_area(char *image, uintptr_t pc_slot)
{
    return (uintptr_t)image + arch_state.size > pc_slot ? image - 64 : image;
}

/* What the kernel tells about the FXSAVE image in its frame, inside that image: how it goes on. */
struct x86_about {
    uint32_t magic, extended_size;
    uint64_t components;
    uint32_t size; /* of the XSAVE image */
};

enum { X86_ABOUT_AT = 464, X86_HEADER_AT = 512, X86_MAGIC = 0x46505853 };

/* True if arch_preempt can save there what it saves, and this is all that is in use. `image`: the frame's, in the format of FXSAVE.
 */
static inline bool x86_image_serves(const char *image)
{
    struct x86_about about;
    uint64_t in_use;

    if (arch_state.kind < X86_XSAVE)
        return true;
    memcpy(&about, image + X86_ABOUT_AT, sizeof(about));
    memcpy(&in_use, image + X86_HEADER_AT, sizeof(in_use));
    return about.magic == X86_MAGIC && about.size >= arch_state.size && (in_use & ~(arch_state.mask | X86_PKRU)) == 0;
}

#endif
