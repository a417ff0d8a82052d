/* What restart.h and counter.h need of the 386. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_386_H
#define GOROUTINE_RESTART_386_H

#if defined(__i386__)

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into the register `to`; `at` is a register that holds go_here_offset(). */
#define GO_HERE(at, to) "movl %%gs:(" at "), " to "\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
#ifdef __PIC__
    __asm__("call 1f\n"
            "1:\tpopl %0\n\t"
            "addl $_GLOBAL_OFFSET_TABLE_ + (. - 1b), %0\n\t"
            "movl go_here@gotntpoff(%0), %0"
            : "=r"(at)
            :
            : "cc");
#else
    __asm__("movl go_here@indntpoff, %0" : "=r"(at));
#endif
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to
 * this processor; false, and nothing was added: it has none. For counter.h. The one instruction that writes eight bytes at once is
 * cmpxchg8b, here without a lock: nobody else writes to the cell, so it is as it was read. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    intptr_t at = go_here_offset();
    uint32_t low = (uint32_t)n, high = (uint32_t)((uint64_t)n >> 32);
    __asm__ goto("1:\tmovl %[at], %%esi\n\t" GO_HERE("%%esi", "%%esi") "cmpl %[count], %%esi\n\t"
                                                                       "jae %l[nowhere]\n\t"
                                                                       "shll $6, %%esi\n\t"
                                                                       "addl %[cells], %%esi\n\t"
                                                                       "movl (%%esi), %%eax\n\t"
                                                                       "movl 4(%%esi), %%edx\n\t"
                                                                       "movl %%eax, %%ebx\n\t"
                                                                       "movl %%edx, %%ecx\n\t"
                                                                       "addl %[low], %%ebx\n\t"
                                                                       "adcl %[high], %%ecx\n\t"
                                                                       "cmpxchg8b (%%esi)\n"
                                                                       "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b")
                 :
                 : [at] "m"(at), [count] "m"(count), [cells] "m"(cells), [low] "m"(low), [high] "m"(high)
                 : "eax", "ebx", "ecx", "edx", "esi", "cc", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
