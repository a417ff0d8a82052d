/* THE CPU CONTRACT. A CPU is one folder that implements this header, one table in tools/mkpreempt, and one line below.
 * Nothing outside src/arch names a CPU, and nothing in here knows what a goroutine is.
 *
 * Preconditions that hold for every function: pointers are not NULL; a `frame` is what the OS handed to the interrupt callback
 * (on Unix a ucontext_t), valid until that callback returns; everything is async-signal-safe and calls nothing outside itself,
 * except arch_init. A context is just a stack pointer: all else is on its stack.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each cpu.h defines: ARCH_STACK_ALIGN, ARCH_RED_ZONE (bytes below sp that compiled code may use), ARCH_CACHE_LINE,
 * ARCH_CONTEXT_BYTES (of a context, what arch_context_pc, _sp and _fp may read), and
 * static inline void arch_relax(void): the instruction for a spinning loop;
 * static inline void arch_settle(void): what an interrupt's handler must do first, where the OS leaves flags of the interrupted
 * code on that compiled code does not expect;
 * struct arch_record { uintptr_t fp, pc; ... }: what a frame pointer points to (or ARCH_RECORD_AT bytes from there, if that is
 * defined), or else the chain of frames (ARCH_BACK_CHAIN), and what tells a caller's frame pointer (ARCH_CALLER_FP);
 * static inline uintptr_t arch_unsigned(uintptr_t pc): a return address as it lies on a stack, without what the CPU may add to it;
 * static inline bool arch_checks_returns(void): whether the CPU keeps return addresses on a stack of its own as well, which
 * contexts do not have.
 * Inline assembly of programs' is compiled without these: what it needs of a CPU is in include/goroutine/restart_<cpu>.h. */
#if defined(__x86_64__) && !defined(__ILP32__)
#include "arch/amd64/cpu.h"
#elif defined(__i386__)
#include "arch/386/cpu.h"
#elif defined(__aarch64__) && !defined(__ILP32__) && defined(__AARCH64EL__)
#include "arch/arm64/cpu.h"
#elif defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_float_abi_double)
#include "arch/riscv64/cpu.h"
#elif defined(__s390x__)
#include "arch/s390x/cpu.h"
#elif defined(__powerpc64__)
#include "arch/ppc64/cpu.h"
#elif defined(__arm__) && __ARM_ARCH >= 7 && defined(__ARMEL__) && defined(__ARM_PCS_VFP)
#include "arch/arm/cpu.h"
#elif defined(__mips64) && _MIPS_SIM == _ABI64 && __mips_isa_rev < 6 && defined(__mips_hard_float)
#include "arch/mips64/cpu.h"
#elif defined(__mips__) && defined(_ABIO32) && _MIPS_SIM == _ABIO32 && __mips_isa_rev >= 2 && __mips_isa_rev < 6 &&                \
    defined(__mips_hard_float)
#include "arch/mips/cpu.h"
#elif defined(__wasm32__) && defined(__EMSCRIPTEN__)
#include "arch/wasm/cpu.h"
#else
#error "libgoroutine: no src/arch folder for this CPU yet; see docs/porting.md"
#endif

/* What a cpu.h may define, where the CPU is not like most.
 * ARCH_DESCRIPTORS: 1: a pointer to a function points to words of which the first is the address of its code.
 * ARCH_THREAD_POINTER_BIAS: how far above the start of its thread-locals a thread pointer points.
 * ARCH_BACK_CHAIN: 1: the word at the stack pointer is the caller's stack pointer, and an arch_record lies there; frame pointers
 * point to none. ARCH_CFA_OFFSET: how far above the caller's stack pointer lies what unwind information calls the frame address.
 * ARCH_CALLER_FP(frame, cfa, caller): of a function that has these three (see ARCH_SHOWS_CALLS), the frame pointer of its caller;
 * where it is not known, anything.
 * ARCH_UNWIND_SEGMENT: by what kind of segment, of the object that a place is in, arch_find_caller goes. 0: by none.
 * ARCH_FAULT_GRAIN: of a fault of memory the system tells the address rounded down to a multiple of that.
 * ARCH_INSTRUCTION_MOST: where the pc of a fault that is none of memory is that of the next instruction: how far away at most.
 * ARCH_POINTER_CALL: the number of the OS's call by which arch_set_thread_pointer does it, where no instruction can. Whoever is
 * seen in that call is not asleep in it. ARCH_PUSHES_ARGUMENTS: 1: the stack pointer of a function is not the same in all its
 * calls. ARCH_FRAME_ADOPTS: 1: there is an arch_frame_adopt. ARCH_FRAME_KEEPS: 1: there is an arch_frame_keep.
 * ARCH_FRAME_SETTLES: 1: there is an arch_frame_settle. ARCH_WAY_BACK: 1: there are an arch_way_back and an arch_frame_returns.
 * ARCH_SAYS_MORE: 1: there are arch_frame_more and arch_context_more.
 * ARCH_CONTEXT_SPLITS: a context needs more than its stack, arch_context_beneath; there is no arch_context_init then.
 * ARCH_SHOWS_CALLS: 0: no stack shows who called whom. Then there are also the three: ARCH_FRAME_ADDRESS, ARCH_FRAME_CFA and
 * ARCH_RETURN_ADDRESS of the function that they are written in. */
#ifndef ARCH_POINTER_CALL
#define ARCH_POINTER_CALL (-1)
#endif
#ifndef ARCH_PUSHES_ARGUMENTS
#define ARCH_PUSHES_ARGUMENTS 0
#endif
#ifndef ARCH_DESCRIPTORS
#define ARCH_DESCRIPTORS 0
#endif
#ifndef ARCH_THREAD_POINTER_BIAS
#define ARCH_THREAD_POINTER_BIAS 0
#endif
#ifndef ARCH_BACK_CHAIN
#define ARCH_BACK_CHAIN 0
#endif
#ifndef ARCH_CFA_OFFSET
#define ARCH_CFA_OFFSET 0
#endif
#ifndef ARCH_RECORD_AT
#define ARCH_RECORD_AT 0
#endif
#ifndef ARCH_CALLER_FP
#define ARCH_CALLER_FP(frame, cfa, caller) (((const struct arch_record *)((const char *)(frame) + ARCH_RECORD_AT))->fp)
#endif
#ifndef ARCH_UNWIND_SEGMENT
#define ARCH_UNWIND_SEGMENT 0
#endif
#ifndef ARCH_FAULT_GRAIN
#define ARCH_FAULT_GRAIN 1
#endif
#ifndef ARCH_INSTRUCTION_MOST
#define ARCH_INSTRUCTION_MOST 0
#endif
#ifndef ARCH_SHOWS_CALLS
#define ARCH_SHOWS_CALLS 1
#ifndef ARCH_FRAME_ADDRESS
#define ARCH_FRAME_ADDRESS() __builtin_frame_address(0)
#endif
#define ARCH_FRAME_CFA()      __builtin_dwarf_cfa()
#define ARCH_RETURN_ADDRESS() __builtin_return_address(0)
#endif

/* Where a function's code begins. */
#define ARCH_CODE(function) (ARCH_DESCRIPTORS ? *(const uintptr_t *)(uintptr_t)(function) : arch_unsigned((uintptr_t)(function)))

/* arch_init learns what the machine has (width of the vector state). Once, before any other call. */
void arch_init(void);

/* arch_context_init prepares an empty stack whose highest address is top (exclusive; any alignment) so that switching to the
 * returned context calls entry() with a well-formed stack; entry must never return. Backtraces end there. It starts with the
 * floating-point control words of the caller. */
void *arch_context_init(void *top, void (*entry)(void));

/* arch_context_init_in is the same where all of the stack is known, from low on. From `beneath` to low is memory that the context
 * has to itself; arch_context_beneath is how much it needs for a stack of that size. arch_overflow: how many bytes the running
 * context has used beyond the low end of its stack without a fault; asked before it is left. */
#ifdef ARCH_CONTEXT_SPLITS
size_t arch_context_beneath(size_t stack);
void *arch_context_init_in(void *beneath, void *low, void *top, void (*entry)(void));
size_t arch_overflow(void);
#else
static inline size_t arch_context_beneath(size_t stack)
{
    (void)stack;
    return 0;
}
static inline void *arch_context_init_in(void *beneath, void *low, void *top, void (*entry)(void))
{
    (void)beneath;
    (void)low;
    return arch_context_init(top, entry);
}
static inline size_t arch_overflow(void)
{
    return 0;
}
#endif

/* arch_switch stores the current context in *save and continues the context load. It keeps what the ABI says a call keeps,
 * the floating-point control words included, and nothing else. Returns when somebody switches back. Generated (switch.S). */
void arch_switch(void **save, void *load);

/* For backtraces of a context that switched away: where it continues, and its stack and frame pointer there. */
uintptr_t arch_context_pc(const void *context);
uintptr_t arch_context_sp(const void *context);
uintptr_t arch_context_fp(const void *context);

/* arch_system_call makes the OS's call `number`, and returns what that returns, an error as the OS gives it. It uses no
 * thread-local: errno stays, and the thread pointer may be any. */
long arch_system_call(long number, long a, long b, long c, long d, long e, long f);

/* arch_call_unless makes the OS's call call[0], with the arguments call[1] to call[6], unless *off is not 0: then it gives
 * ARCH_CALLED_OFF. A signal's handler can call it off until it is made: who is at or behind arch_call_unless_begins, and before
 * arch_call_unless_ends, is made to go on at arch_call_unless_off. */
#define ARCH_CALLED_OFF LONG_MIN
long arch_call_unless(const _Atomic int *off, const long call[7]);
extern const char arch_call_unless_begins[], arch_call_unless_ends[], arch_call_unless_off[];

/* The thread pointer of the calling thread, which is where its thread-locals are. arch_thread_pointer_moves: whether it can be
 * given another; arch_set_thread_pointer does that, by an instruction, or by a call of the OS which does nothing else (and is
 * made with arch_system_call, or in a way like that). Until it has returned the pointer may be either. Where it lies in an
 * interrupted frame too, that is the one which counts; where a frame has only the name of a place that each thread has for itself
 * (a selector), nothing is to be done about it. */
uintptr_t arch_thread_pointer(void);
bool arch_thread_pointer_moves(void);
void arch_set_thread_pointer(uintptr_t pointer);

/* arch_call calls fn(arg) and returns false when that has returned; or true once arch_land is called, from below fn, with the
 * landing that it stored in *landing: as if fn had returned, with all that the ABI says a call keeps, the floating-point control
 * words included. The stack of fn is gone then. */
bool arch_call(void **landing, void (*fn)(void *), void *arg);
_Noreturn void arch_land(void *landing);

/* Fields of an interrupted frame: program counter, stack pointer, frame pointer; and what is in the register that calls leave the
 * return address in, 0 on a CPU that has none. */
uintptr_t arch_frame_pc(const void *frame);
uintptr_t arch_frame_sp(const void *frame);
uintptr_t arch_frame_fp(const void *frame);
uintptr_t arch_frame_link(const void *frame);

/* What else arch_find_caller wants to know of a frame, and of a context, where cpu.h has the macro. */
#ifdef ARCH_SAYS_MORE
uintptr_t arch_frame_more(const void *frame);
uintptr_t arch_context_more(const void *context);
#else
static inline uintptr_t arch_frame_more(const void *frame)
{
    (void)frame;
    return 0;
}
static inline uintptr_t arch_context_more(const void *context)
{
    (void)context;
    return 0;
}
#endif

/* A place in a function that is not over. pc is the address of the instruction that comes next, or, where a call is to return to,
 * of any byte of the call. link is what arch_frame_link says of the innermost place, and of one that was interrupted; else 0: not
 * known. */
struct arch_place {
    uintptr_t pc, sp, fp, link;
    uintptr_t more;  /* what arch_frame_more or arch_context_more says of such a place; else 0 */
    uintptr_t table; /* where the object that pc is in has its ARCH_UNWIND_SEGMENT, if that is not 0 */
    size_t table_bytes;
};

/* Reads memory that may not be there: a stack, code, the tables beside it. 1, or 0: there is nothing. */
typedef int arch_read(const void *argument, uintptr_t at, void *to, size_t size);

/* arch_find_caller makes *at the place in the caller to which the function that it is in returns; where that was called by an
 * interrupt (a signal, or arch_inject), the interrupted one. False: it is not known, and *at is as it was. All that is read may be
 * garbage, so may what is found; but whoever goes on and on comes to an end, or to what cannot be read. */
#if ARCH_SHOWS_CALLS
bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument);
#else
static inline bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    (void)at;
    (void)read;
    (void)argument;
    return false;
}
#endif

/* arch_frame_set_pc makes the frame resume at pc, in the instruction set that it is in. */
void arch_frame_set_pc(void *frame, uintptr_t pc);

/* arch_saves_pc: whether the word `at` of the stack that the frame interrupted, below high, is the saved pc of an earlier interrupt
 * on that stack, as far as the words around it tell. It is asked about words that hold the address of an instruction: no chance hit
 * may pass, but what is left of a frame that has gone may. */
bool arch_saves_pc(const void *frame, const uintptr_t *at, uintptr_t high);

/* arch_handled_signals: the same of the stack of a thread that stands still, whose sp is low. The signals, a bit each from 1 on, of
 * which one has interrupted there. 0: none has. A chance hit may pass. */
uint64_t arch_handled_signals(const uintptr_t *at, uintptr_t low, uintptr_t high);

/* arch_owner: whose code runs at pc, with the stack pointer sp: pc, or where calls of the system lead through a few instructions
 * that everybody shares, and pc is one of them, the address to which they return. arch_saved_owner: the same of the word at `at`,
 * of which arch_handled_signals has found that it may be a saved pc. Nothing is read at or above high. */
#ifdef ARCH_SHARED_WAY_IN
uintptr_t arch_owner(uintptr_t pc, uintptr_t sp, uintptr_t high);
uintptr_t arch_saved_owner(uintptr_t pc, const uintptr_t *at, uintptr_t high);
#else
static inline uintptr_t arch_owner(uintptr_t pc, uintptr_t sp, uintptr_t high)
{
    (void)sp;
    (void)high;
    return pc;
}

static inline uintptr_t arch_saved_owner(uintptr_t pc, const uintptr_t *at, uintptr_t high)
{
    (void)at;
    (void)high;
    return pc;
}
#endif

/* arch_way_back: where a handler that is told why its signal came returns to best: like what the OS or libc would have it return
 * to, this asks the OS to bring the frame back, in a quicker way. It is of the library's text. 0: there is nothing better.
 * arch_frame_returns: whether the frame was interrupted in what the OS itself has for handlers to return to. */
#ifdef ARCH_WAY_BACK
uintptr_t arch_way_back(void);
bool arch_frame_returns(const void *frame);
#else
static inline uintptr_t arch_way_back(void)
{
    return 0;
}

static inline bool arch_frame_returns(const void *frame)
{
    (void)frame;
    return false;
}
#endif

/* arch_frame_settle finishes or undoes what an interrupt may find half done in our own code: the first thing that its handler does.
 */
#ifdef ARCH_FRAME_SETTLES
void arch_frame_settle(void *frame);
#else
static inline void arch_frame_settle(void *frame)
{
    (void)frame;
}
#endif

/* arch_frame_keep puts into the frame what user code may hold and the OS does not save there, as it is now: before the handler lets
 * anybody else run. */
#ifdef ARCH_FRAME_KEEPS
void arch_frame_keep(void *frame);
#else
static inline void arch_frame_keep(void *frame)
{
    (void)frame;
}
#endif

/* arch_frame_resume brings back what the OS does not restore from a frame (on x86 a flag; else what arch_frame_keep has put there).
 * The last thing before the handler returns, on the thread on which it does. */
void arch_frame_resume(const void *frame);

/* arch_frame_adopt: the frame is about to resume on the calling thread, which need not be the one that it interrupted: where it
 * says what belongs to a thread (the thread pointer, if that is a register like others), it is made to say the calling thread's.
 * arch_frame_lacks: whether the interrupted code may hold state that the frame does not bring back. Then it stays
 * in the registers: nobody else may run on that thread before it goes on. Both are there where cpu.h has the macro. */
#ifdef ARCH_FRAME_ADOPTS
void arch_frame_adopt(void *frame);
#else
static inline void arch_frame_adopt(void *frame)
{
    (void)frame;
}
#endif
#ifdef ARCH_FRAME_LACKS
bool arch_frame_lacks(const void *frame);
#else
static inline bool arch_frame_lacks(const void *frame)
{
    (void)frame;
    return false;
}
#endif

/* arch_frame_uncall edits a frame whose pc is where a call has just gone to: it stands inside the call's instruction then, so that
 * an unwinder finds what belongs to the call. It can not go on from there. Reads the stack at sp. */
void arch_frame_uncall(void *frame);

/* arch_inject_room: how many bytes below an interrupted sp arch_inject needs at most, red zone included, on top of what the OS
 * itself pushes (os_frame_room) and what callee needs. */
size_t arch_inject_room(void);

/* arch_inject edits the frame so that, when it resumes, it looks as if the interrupted instruction had called a routine that
 * saves the whole user state, calls callee(), restores it and continues the instruction. Nothing is clobbered, red zone
 * included. callee runs on the interrupted stack, with the flags and control words of a fresh thread, and may switch away and come
 * back on another thread. Nobody may read the frame's informational words (fault address, trap number) afterwards.
 * False, and the frame is untouched: this instruction can not be made to call (state is in use that the routine does not save). */
bool arch_inject(void *frame, void (*callee)(void));

#endif
