/* Faults: which become a panic of the goroutine, which are an overflowed stack, which are ours, and which are nobody's business
 * here.
 *
 * On the alternate stack of the thread that faulted. A panic is an injected call of sigpanic: the handler edits the frame, returns,
 * and the goroutine finds itself in that call, on its own stack, with the signal mask that it had: nothing is left behind when the
 * panic lands elsewhere and never returns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/ending.h"
#include "sched/preempt.h"
#include "sched/sched.h"
#include "sched/trace.h"

/* What a panic needs of the stack beside the frame that it was injected with: the unwinder's contexts, in a static program.
 * (Measured: up to 2.4 KB more than the frame's room, on arm64.) */
enum { PANIC_ROOM = 4 * 1024 };

static _Noreturn void stack_overflow(struct goroutine *g, const void *frame)
{
    struct go_stack there = trace_interrupted(frame);
    report_overflow(g, &there);
}

/* A fault in the gap below a stack, or one where the kernel found no room there for an interrupt's frame (it names no address
 * then). Of main's stack only the part in use is known; and it is the program's, whose handler is asked first. */
static void look_for_overflow(struct thread *m, const void *frame, const struct os_fault *fault)
{
    uintptr_t sp = arch_frame_sp(frame);
    bool in_gap = false;
    struct goroutine *g = stack_owner(fault->address, &in_gap);
    if (g && in_gap)
        stack_overflow(g, frame);
    if (!m || m->current->kind != KIND_GOROUTINE)
        return;
    g = m->current;
    if (!g->region) {
        if (!fault->has_a_handler && fault->address && fault->address - (sp - STACK_GAP) < 2 * STACK_GAP && sp >= g->stack_low &&
            sp < g->stack_high)
            stack_overflow(g, frame);
    } else if (sp < g->stack_low + os_frame_room() && sp + STACK_GAP > g->stack_low && !fault->address) {
        stack_overflow(g, frame);
    }
}

static _Noreturn void end(const char *where, const struct os_fault *fault, const void *frame)
{
    fatal_fault(frame, "%s %s: %s (code %d), address 0x%lx, pc 0x%lx", fault->name, where, fault->what, fault->code,
                (unsigned long)fault->address, (unsigned long)arch_frame_pc(frame));
}

/* Else it runs on a signal stack, or on one of the program's making. */
static bool on_own_stack(const struct goroutine *g, uintptr_t sp)
{
    return g->kind == KIND_GOROUTINE && sp >= g->stack_low && sp <= g->stack_high;
}

/* What was called is no code: the caller is where the fault is. Where only the page of an address is told, it may be that of data
 * beside the code. */
static bool is_wild(uintptr_t pc, const struct os_fault *fault)
{
    bool is_code = ARCH_FAULT_GRAIN > 1 && os_image_code(pc);
    return fault->of_memory && fault->address == round_down(pc, ARCH_FAULT_GRAIN) && !is_code;
}

/* Some CPUs stand behind an instruction that did not work out. */
static bool is_behind(uintptr_t pc, const struct os_fault *fault)
{
    return !fault->of_memory && pc - fault->address <= ARCH_INSTRUCTION_MOST;
}

static bool make_panic(struct thread *m, void *frame, const struct os_fault *fault)
{
    uintptr_t pc = arch_frame_pc(frame);
    m->fault_of_call = is_wild(pc, fault);
    if (m->fault_of_call)
        arch_frame_uncall(frame);
    else if (is_behind(pc, fault))
        arch_frame_set_pc(frame, fault->address); /* it does not go on from there: unwinders shall find what belongs to it */
    m->fault_stack = trace_interrupted(frame);
    m->fault = *fault;
    return arch_inject(frame, sigpanic);
}

bool report_fault(void *frame, const struct os_fault *fault)
{
    arch_settle();
    arch_frame_settle(frame);
    struct thread *m = thread_mine();
    uintptr_t sp = arch_frame_sp(frame), pc = arch_frame_pc(frame);
    if (report_is_ours())
        os_exit(2); /* what there was to say was said first */
    if (fault->of_memory)
        look_for_overflow(m, frame, fault);
    if (fault->has_a_handler || !m)
        return false;
    if (preempt_in_library(pc) || m->hold)
        end("in the library itself or what it calls", fault, frame);
    struct goroutine *g = m->current;
    if (!on_own_stack(g, sp))
        return false;
    if (sp < g->stack_low + os_frame_room() + arch_inject_room() + PANIC_ROOM)
        end("where no stack is left to panic on", fault, frame);
    return make_panic(m, frame, fault);
}
