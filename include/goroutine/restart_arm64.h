/* What restart.h and counter.h need of arm64. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_ARM64_H
#define GOROUTINE_RESTART_ARM64_H

#if defined(__aarch64__) && !defined(__ILP32__)

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register of which `wide` and `to` are the names in 64 and 32 bits, and of
 * which the upper half is 0 then; `at` is a register that holds go_here_offset(). */
#define GO_HERE(at, wide, to) "mrs " wide ", tpidr_el0\n\tldr " to ", [" wide ", " at "]\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__("adrp %0, :gottprel:go_here\n\tldr %0, [%0, :gottprel_lo12:go_here]" : "=r"(at));
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the store: nobody else writes to the cell. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\n\t" GO_HERE("%[at]", "x9", "w9") "cmp w9, %w[count]\n\t"
                                                       "b.hs %l[nowhere]\n\t"
                                                       "add x9, %[cells], x9, lsl #6\n\t"
                                                       "ldr x10, [x9]\n\t"
                                                       "add x10, x10, %[n]\n\t"
                                                       "str x10, [x9]\n"
                                                       "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "r"(cells), [n] "r"(n)
                 : "x9", "x10", "cc", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
