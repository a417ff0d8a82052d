/* Restartable sequences: a few instructions of inline assembly that a preemption begins anew if it meets them half done. So they
 * can work on what belongs to a processor (a counter, a free list) without an atomic instruction, and without keeping others from
 * running. counter.h is made with them. Not part of goroutine.h: it puts a constructor into each file that includes it.
 *
 * A sequence finds out on which processor it runs, prepares, and ends in one instruction that makes its result count: the commit.
 * A goroutine that is taken off at any instruction of it, the commit included, goes on at the restart address when it runs again,
 * perhaps on another processor. If the commit was done, all was done before anybody else ran on that processor.
 *
 *     unsigned long scratch;
 *     __asm__ volatile("1:\n\t" GO_HERE("%[at]", "%k[i]")            // which processor
 *                      "cmpl %[count], %k[i]\n\t"
 *                      "jae 3f\n\t"                                  // none, or one that has no cell: out of the sequence
 *                      "incq (%[cells], %[i], 8)\n"                  // the commit
 *                      "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
 *                      ...
 *                      : [i] "=&r"(scratch)
 *                      : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "r"(cells) : "cc", "memory");
 *
 * Who writes one sees to it that
 *  - only the commit changes what others can see, and it is one instruction, the last one; what is scratch may be written before;
 *  - from the restart address on everything is set that the sequence changes: registers, flags, scratch. Inputs are left
 *    as they are, so outputs are early-clobbered (&);
 *  - nothing is called in it, the stack pointer stays, no system call is made, it does not lie within another one;
 *  - it is entered at its begin only. It may be left by a jump from any of its instructions, which then did not commit;
 *  - it is short, and free of loops: who is always taken off within it would never finish it;
 *  - the processor is asked for within it (GO_HERE), each time: what was known before may be old;
 *  - what the commit writes is written only by who runs on that processor. In blocking regions and on plain threads there is
 *    none, and something else must be done (the jump above);
 *  - readers elsewhere read it in one piece (an atomic load), and know that it changes.
 *
 * What holds: a preemption rewinds the pc of the goroutine's own frame; and those of handlers of the program's, where one of them
 * interrupted a sequence, runs on the goroutine's own stack and is preempted itself. A handler is known by the signals that are
 * masked while it runs, at least its own; then the stack is searched for its frame, at about a nanosecond a word. One that masks
 * none (SA_NODEFER with an empty sa_mask, or it takes the mask away itself) is not known and must have SA_ONSTACK: on an alternate
 * stack nothing is preempted. A handler sees the pc of the sequence as it is, also that of a fault in it, and does not touch what
 * the sequence works on. Under ThreadSanitizer, and with GOROUTINE_PREEMPT=off, nothing is preempted.
 *
 * The program's sequences, and those of each shared object, become known by constructors that run before the others of the same
 * file, also when dlopen loads it, and are forgotten when dlclose takes it away. Assembler: GNU 2.36, or clang 13. Linkers keep the
 * section by themselves, also with --gc-sections. A sequence is looked up in O(log n) of those that are known.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#define GOROUTINE_RESTART_H

#include "abi.h"

/* GO_RESTARTABLE belongs into the same assembly as the sequence. The three are labels as strings ("1b"): its first instruction, the
 * one behind its commit, and where to go on: begin, or an address outside that sets up more first. */
#define GO_RESTARTABLE(begin, end, restart)                                                                                        \
    ".pushsection go_restart, \"aR?\"\n\t"                                                                                         \
    ".balign 4\n\t"                                                                                                                \
    ".long " begin " - .\n\t"                                                                                                      \
    ".long " end " - .\n\t"                                                                                                        \
    ".long " restart " - .\n\t"                                                                                                    \
    ".popsection\n\t"

/* What go_here holds where there is no processor. */
#define GO_NOWHERE UINT32_MAX

GO_BEGIN_DECLS

/* go_here is the number of the processor that the calling thread has, 0 to 1023, or GO_NOWHERE. It is only true in a sequence, read
 * by GO_HERE; read by C it may be that of another thread. */
extern GO_API __thread uint32_t go_here;

/* A record in the section; each word counts from where it lies. For the library. */
struct go_restart {
    int32_t begin, end, restart;
};

/* go_restart_load makes the sequences of these records known, go_restart_unload forgets them. Constructors call them. */
GO_API void go_restart_load(const struct go_restart *first, const struct go_restart *last);
GO_API void go_restart_unload(const struct go_restart *first, const struct go_restart *last);

GO_END_DECLS

#include "restart_386.h"
#include "restart_amd64.h"
#include "restart_arm64.h"
#include "restart_riscv64.h"
#include "restart_s390x.h"
#include "restart_ppc64.h"
#include "restart_arm.h"
#include "restart_mips64.h"
#include "restart_mips.h"

/* 1: this CPU has restartable sequences; its header gives GO_HERE, go_here_offset and what counter.h needs. */
#ifndef GO_CAN_RESTART
#define GO_CAN_RESTART 0
#endif

/* What has been added to a cell, for counter.h. A CPU that cannot write eight bytes at once has its own cells. */
#ifndef GO_RESTART_SUM
#define GO_RESTART_SUM(cell) __atomic_load_n((const int64_t *)(cell), __ATOMIC_RELAXED)
#endif

/* A file without sequences of its own may define GO_RESTART_NO_SEQUENCES before it includes this, and has no constructor then. */
#if GO_CAN_RESTART && !defined(GO_RESTART_NO_SEQUENCES)
GO_BEGIN_DECLS

/* The linker's ends of the section; both NULL where there is none. */
extern const struct go_restart go_restart_first[] __asm__("__start_go_restart") __attribute__((weak, visibility("hidden")));
extern const struct go_restart go_restart_last[] __asm__("__stop_go_restart") __attribute__((weak, visibility("hidden")));

__attribute__((constructor(101))) static void go_restart_enter(void)
{
    go_restart_load(go_restart_first, go_restart_last);
}

__attribute__((destructor(101))) static void go_restart_leave(void)
{
    go_restart_unload(go_restart_first, go_restart_last);
}

GO_END_DECLS
#endif

#endif
