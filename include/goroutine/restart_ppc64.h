/* What restart.h and counter.h need of ppc64 and ppc64le. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_PPC64_H
#define GOROUTINE_RESTART_PPC64_H

#if defined(__powerpc64__) && !defined(__ILP32__)

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register, not 0, of which `wide` and `to` are both the name; its upper half is
 * 0 then. It is three instructions, which a linker may make one: what goes before the last is nothing to keep out of the sequence.
 * `at` holds go_here_offset(), which is for the compiler: it says that the table of addresses is used, in its own register. */
#if defined(__PCREL__)

#define GO_HERE(at, wide, to) "pld " wide ", go_here@got@tprel@pcrel\n\tlwzx " to ", " wide ", go_here@tls@pcrel\n\t"

static inline intptr_t go_here_offset(void)
{
    return 0;
}

#else

#define GO_HERE(at, wide, to)                                                                                                      \
    "addis " wide ", 2, go_here@got@tprel@ha\n\tld " wide ", go_here@got@tprel@l(" wide ")\n\tlwzx " to ", " wide                  \
    ", go_here@tls\n\t"

static inline intptr_t go_here_offset(void)
{
    register intptr_t table __asm__("r2");
    __asm__("" : "=r"(table));
    return table;
}

#endif

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the store: nobody else writes to the cell. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto("1:\n\t" GO_HERE("%[at]", "9", "9") "cmplw %[count], 9\n\t"
                                                     "ble- %l[nowhere]\n\t"
                                                     "sldi 9, 9, 6\n\t"
                                                     "ldx 10, %[cells], 9\n\t"
                                                     "add 10, 10, %[n]\n\t"
                                                     "stdx 10, %[cells], 9\n"
                                                     "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "b"(cells), [n] "r"(n)
                 : "r9", "r10", "cr0", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
