/* What restart.h and counter.h need of mips64 and mips64le. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_MIPS64_H
#define GOROUTINE_RESTART_MIPS64_H

#if defined(__mips64) && _MIPS_SIM == _ABI64

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into $3, with its sign extended, as all words of 32 bits are here; `at` is a register
 * that holds go_here_offset(). Where the CPU has no thread pointer, the kernel knows this very instruction. */
#define GO_HERE(at)                                                                                                                \
    ".set push\n\t.set mips64r2\n\trdhwr $3, $29\n\t.set pop\n\t"                                                                  \
    "daddu $3, $3, " at "\n\tlw $3, 0($3)\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. It is in the table of addresses, which is found
 * from where the code is. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__(".set push\n\t.set noreorder\n\t"
            "bal 1f\n\t"
            "nop\n"
            "1:\tlui %0, %%hi(%%neg(%%gp_rel(1b)))\n\t"
            "daddu %0, %0, $31\n\t"
            "daddiu %0, %0, %%lo(%%neg(%%gp_rel(1b)))\n\t"
            "ld %0, %%gottprel(go_here)(%0)\n\t"
            ".set pop"
            : "=&r"(at)
            :
            : "$31");
    return at;
}

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. The
 * commit is the store: nobody else writes to the cell. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto(".set push\n\t.set noreorder\n"
                 "1:\n\t" GO_HERE("%[at]") "sltu $2, $3, %[count]\n\t"
                                           "beqz $2, %l[nowhere]\n\t"
                                           "dsll $3, $3, 6\n\t"
                                           "daddu $3, $3, %[cells]\n\t"
                                           "ld $2, 0($3)\n\t"
                                           "daddu $2, $2, %[n]\n\t"
                                           "sd $2, 0($3)\n"
                                           "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b") ".set pop"
                 :
                 : [at] "r"(go_here_offset()), [count] "r"((int64_t)(int32_t)count), [cells] "r"(cells), [n] "r"(n)
                 : "$2", "$3", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

#endif

#endif
