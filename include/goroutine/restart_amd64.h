/* What restart.h and counter.h need of amd64. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_AMD64_H
#define GOROUTINE_RESTART_AMD64_H

#if defined(__x86_64__) && !defined(__ILP32__)

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the 32-bit register `to`; `at` is a register that holds go_here_offset(). */
#define GO_HERE(at, to) "movl %%fs:(" at "), " to "\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__("movq go_here@gottpoff(%%rip), %0" : "=r"(at));
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to
 * this processor; false, and nothing was added: it has none. For counter.h. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\n\t" GO_HERE("%[at]", "%%eax") "cmpl %[count], %%eax\n\t"
                                                    "jae %l[nowhere]\n\t"
                                                    "shlq $6, %%rax\n\t"
                                                    "addq %[n], (%[cells], %%rax)\n"
                                                    "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "r"(cells), [n] "er"(n)
                 : "rax", "cc", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
