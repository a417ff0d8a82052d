/* What restart.h and counter.h need of 32-bit ARM. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_ARM_H
#define GOROUTINE_RESTART_ARM_H

#if defined(__arm__) && __ARM_ARCH >= 7

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register `to`; `at` is a register that holds go_here_offset(). */
#define GO_HERE(at, to) "mrc p15, 0, " to ", c13, c0, 3\n\tldr " to ", [" to ", " at "]\n\t"

/* How far ahead of an instruction the pc reads in it. */
#ifdef __thumb__
#define GO_PC_AHEAD "4"
#else
#define GO_PC_AHEAD "8"
#endif

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at, step;
    __asm__("movw %0, #:lower16:(2f - (1f + " GO_PC_AHEAD "))\n\t"
            "movt %0, #:upper16:(2f - (1f + " GO_PC_AHEAD "))\n"
            "1:\tadd %0, %0, pc\n\t"
            "ldr %1, [%0]\n\t"
            "add %0, %0, %1\n\t"
            "ldr %0, [%0]\n\t"
            ".pushsection .rodata.go_here, \"a\"\n\t"
            ".balign 4\n"
            "2:\t.word go_here(gottpoff)\n\t"
            ".popsection"
            : "=&r"(at), "=&r"(step));
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the one instruction that surely writes eight bytes at once. It fails if anything came between it and the load. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\t" GO_HERE("%[at]", "r12") "cmp r12, %[count]\n\t"
                                                "bhs %l[nowhere]\n\t"
                                                "add r12, %[cells], r12, lsl #6\n\t"
                                                "ldrexd r2, r3, [r12]\n\t"
                                                "adds r2, r2, %Q[n]\n\t"
                                                "adc r3, r3, %R[n]\n\t"
                                                "strexd r1, r2, r3, [r12]\n"
                                                "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b") "cmp r1, #0\n\t"
                                                                                          "bne 1b"
                 :
                 : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "r"(cells), [n] "r"(n)
                 : "r1", "r2", "r3", "r12", "cc", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
