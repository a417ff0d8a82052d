/* A function of the test's own is run one instruction at a time, with a call of step() before each: in the handler of a trap, so
 * that a signal that is sent there comes at the very instruction that is next.
 *
 * x86 traps by itself, wherever the function goes. Elsewhere the function's instructions, as far as its first return, are replaced
 * by traps, of which only the one that is next is taken away for as long as it takes; so nobody else may run it meanwhile, and its
 * instructions must not be such as do not bear a trap between them (load and store exclusive).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SCHED_STEPS_H
#define TESTS_SCHED_STEPS_H

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "arch/arch.h"
#include "code.h"
#include "emulator.h"

static void (*volatile steps_callback)(void);
static void *volatile steps_frame; /* in the callback: what the trap has interrupted */

#if defined(__x86_64__) || defined(__i386__)

enum { STEPS_FLAG = 0x100, STEPS_WHOLE = true /* the functions that it calls too */ };

static void steps_on_trap(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    steps_frame = frame;
    steps_callback();
}

static const struct sigaction steps_action = {.sa_sigaction = steps_on_trap, .sa_flags = SA_SIGINFO};

/* Without a word on the stack, which may have a red zone. */
static inline __attribute__((always_inline)) void steps_begin(const void *function)
{
    (void)function;
    x86_set_flags(x86_get_flags() | STEPS_FLAG);
}

static inline __attribute__((always_inline)) void steps_end(void)
{
    x86_set_flags(x86_get_flags() & ~(unsigned long)STEPS_FLAG);
}

/* In a handler, for the code that it has interrupted. */
static inline void steps_end_of(void *frame)
{
    ((ucontext_t *)frame)->uc_mcontext.gregs[REG_EFL] &= ~STEPS_FLAG;
}

#else

#if defined(__aarch64__)
typedef uint32_t steps_word;
#define STEPS_TRAP   0xd4200000u /* brk #0 */
#define STEPS_RETURN 0xd65f03c0u
#elif defined(__riscv)
typedef uint16_t steps_word;
#define STEPS_TRAP        0x9002u /* c.ebreak */
#define STEPS_RETURN      0x8082u
#define STEPS_WORDS(word) (((word)&3) == 3 ? 2 : 1)
#elif defined(__powerpc64__)
typedef uint32_t steps_word;
#define STEPS_TRAP   0x7fe00008u /* trap */
#define STEPS_RETURN 0x4e800020u
#elif defined(__mips__)
typedef uint32_t steps_word;
#define STEPS_TRAP   0x0000000du /* break */
#define STEPS_RETURN 0x03e00008u
#elif defined(__s390x__)
typedef uint16_t steps_word;
#define STEPS_TRAP        0x0001u
#define STEPS_SIGNAL      SIGILL
#define STEPS_BEHIND      2
#define STEPS_RETURN      0x07feu
#define STEPS_WORDS(word) ((word) >> 14 == 0 ? 1 : (word) >> 14 == 3 ? 3 : 2)
#elif defined(__thumb__)
typedef uint16_t steps_word;
#define STEPS_TRAP        0xbe00u /* bkpt #0 */
#define STEPS_RETURN      0x4770u
#define STEPS_WORDS(word) ((word) < 0xe800 ? 1 : 2)
#define STEPS_POPS(at)                                                                                                             \
    ((*(at)&0xff00u) == 0xbd00 || (*(at) == 0xe8bd && (at)[1] & 0x8000u) || (*(at) == 0xf85d && (at)[1] == 0xfb04u))
#elif defined(__arm__)
typedef uint32_t steps_word;
#define STEPS_TRAP     0xe1200070u /* bkpt #0 */
#define STEPS_RETURN   0xe12fff1eu
#define STEPS_POPS(at) ((*(at)&0xffff8000u) == 0xe8bd8000u || *(at) == 0xe49df004u)
#endif

/* How many words the instruction has that begins with this one. */
#ifndef STEPS_WORDS
#define STEPS_WORDS(word) 1
#endif

/* Whether an instruction returns by taking the pc from the stack. */
#ifndef STEPS_POPS
#define STEPS_POPS(at) false
#endif

/* How many bytes behind the trap the pc of its frame is. */
#ifndef STEPS_BEHIND
#define STEPS_BEHIND 0
#endif

enum { STEPS_WHOLE = false, STEPS_MOST = 256 };

static steps_word *volatile steps_from, *volatile steps_opened; /* opened: NULL: none */
static volatile unsigned steps_count;
static steps_word steps_kept[STEPS_MOST];

static void steps_write(steps_word *at, steps_word word)
{
    *(volatile steps_word *)at = word;
    __builtin___clear_cache((char *)at, (char *)(at + 1));
}

static bool steps_has_slot(const steps_word *at)
{
    return at >= steps_from && CODE_HAS_SLOT(steps_kept[at - steps_from]);
}

/* The one that was in its place, and the jump whose delay slot it was. */
static void steps_close(void)
{
    if (steps_opened)
        steps_write(steps_opened, STEPS_TRAP);
    if (steps_opened && steps_has_slot(steps_opened - 1))
        steps_write(steps_opened - 1, STEPS_TRAP);
    steps_opened = NULL;
}

/* A jump that is in its place does not trap, so it is what lies in its slot; then it stays there. */
static void steps_on_trap(int number, siginfo_t *info, void *frame)
{
    steps_word *at = (steps_word *)(arch_frame_pc(frame) - STEPS_BEHIND);

    (void)number;
    (void)info;
    arch_frame_set_pc(frame, (uintptr_t)at);
    if (at < steps_from || at >= steps_from + steps_count)
        _exit(99);
    if (at == steps_opened && steps_has_slot(at))
        at++;
    else
        steps_close();
    steps_opened = at;
    steps_write(at, steps_kept[at - steps_from]);
    steps_frame = frame;
    steps_callback();
}

static const struct sigaction steps_action = {.sa_sigaction = steps_on_trap, .sa_flags = SA_SIGINFO};

static void steps_allow_writing(const void *at)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at & -page;
    if (mprotect((void *)from, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
        _exit(98);
}

static __attribute__((noinline)) void steps_begin(const void *function)
{
    steps_word *at = (steps_word *)ARCH_CODE(function);
    bool returns = false;

    steps_allow_writing(at);
    steps_opened = NULL;
    steps_from = at;
    steps_count = 0;
    while (steps_count < STEPS_MOST - 4 && !returns) {
        steps_word *next = at + steps_count;
        returns = *next == STEPS_RETURN || STEPS_POPS(next);
        for (int i = STEPS_WORDS(*next) + (returns && CODE_HAS_SLOT(*next)); i > 0; i--, steps_count++)
            steps_kept[steps_count] = at[steps_count];
    }
    for (unsigned i = 0; i < steps_count; i += STEPS_WORDS(steps_kept[i]))
        steps_write(at + i, STEPS_TRAP);
}

static __attribute__((noinline)) void steps_end(void)
{
    for (unsigned i = 0; i < steps_count; i++)
        steps_write(steps_from + i, steps_kept[i]);
    steps_count = 0;
}

static inline void steps_end_of(void *frame)
{
    (void)frame;
    steps_end();
}

#endif

#ifndef STEPS_SIGNAL
#define STEPS_SIGNAL SIGTRAP
#endif

/* All signals wait until the end of the trap. */
static inline int steps_install(void (*step)(void))
{
    struct sigaction action = steps_action;

    steps_callback = step;
    mask_all(&action.sa_mask);
    return sigaction(STEPS_SIGNAL, &action, NULL);
}

#endif
