/* What restart.h and counter.h need of s390x. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_S390X_H
#define GOROUTINE_RESTART_S390X_H

#if defined(__s390x__)

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register `to`, of which the upper half is 0 then, by way of the register
 * `pointer`, which is another one; `at` is a register that holds go_here_offset(). None of them is r0. */
#define GO_HERE(at, pointer, to)                                                                                                   \
    "ear " pointer ", %%a0\n\tsllg " pointer ", " pointer ", 32\n\tear " pointer ", %%a1\n\tllgf " to ", 0(" pointer ", " at ")\n" \
    "\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__("larl %0, go_here@indntpoff\n\tlg %0, 0(%0)" : "=a"(at));
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the store: nobody else writes to the cell. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\n\t" GO_HERE("%[at]", "%%r4", "%%r5") "clr %%r5, %[count]\n\t"
                                                           "jnl %l[nowhere]\n\t"
                                                           "sllg %%r5, %%r5, 6\n\t"
                                                           "lg %%r4, 0(%%r5, %[cells])\n\t"
                                                           "agr %%r4, %[n]\n\t"
                                                           "stg %%r4, 0(%%r5, %[cells])\n"
                                                           "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "a"(go_here_offset()), [count] "d"(count), [cells] "a"(cells), [n] "d"(n)
                 : "r4", "r5", "cc", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
