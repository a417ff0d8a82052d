/* wasm, as emscripten makes it: the constants of the CPU contract.
 *
 * There are two stacks. That of return addresses and of most locals is the machine's own: nothing can read or exchange it. What has
 * its address taken lies on a stack in memory. So a context is a fiber of emscripten's: to leave it, all functions return, each
 * notes its locals (Asyncify), and to come back to it they are called again. There is no interrupt, hence no frame of one: what
 * arch.h has of frames, of the thread pointer and of injected calls is not there, and who would call it is not built
 * (src/sched/alone).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WASM_CPU_H
#define ARCH_WASM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_STACK_ALIGN   16
#define ARCH_RED_ZONE      0
#define ARCH_CACHE_LINE    64
#define ARCH_CONTEXT_BYTES 64

/* There must be room for what functions note. */
#define ARCH_CONTEXT_SPLITS

/* No stack shows who called. */
#define ARCH_SHOWS_CALLS                   0
#define ARCH_FRAME_ADDRESS()               NULL
#define ARCH_FRAME_CFA()                   NULL
#define ARCH_RETURN_ADDRESS()              NULL
#define ARCH_CALLER_FP(frame, cfa, caller) 0

/* Nobody else runs. */
static inline void arch_relax(void)
{
}

static inline void arch_settle(void)
{
}

/* The machine's stack has nothing but return addresses, and nobody else gets at them; contexts bring theirs along. */
static inline bool arch_checks_returns(void)
{
    return false;
}

/* A function has a number. */
static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
