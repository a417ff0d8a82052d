/* What restart.h and counter.h need of riscv64. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_RISCV64_H
#define GOROUTINE_RESTART_RISCV64_H

#if defined(__riscv) && __riscv_xlen == 64

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register `to`, with its sign extended, as all words of 32 bits are here; `at`
 * is a register that holds go_here_offset(). */
#define GO_HERE(at, to) "add " to ", tp, " at "\n\tlw " to ", 0(" to ")\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__("la.tls.ie %0, go_here" : "=r"(at));
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the store: nobody else writes to the cell. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\n\t" GO_HERE("%[at]", "t0") "bgeu t0, %[count], %l[nowhere]\n\t"
                                                 "slli t0, t0, 6\n\t"
                                                 "add t0, t0, %[cells]\n\t"
                                                 "ld t1, 0(t0)\n\t"
                                                 "add t1, t1, %[n]\n\t"
                                                 "sd t1, 0(t0)\n"
                                                 "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "r"(go_here_offset()), [count] "r"((int64_t)(int32_t)count), [cells] "r"(cells), [n] "r"(n)
                 : "t0", "t1", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
