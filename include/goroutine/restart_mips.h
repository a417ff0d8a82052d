/* What restart.h and counter.h need of mips and mipsel. Included by restart.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_RESTART_H
#include "restart.h" /* which includes this one in its place */
#endif

#ifndef GOROUTINE_RESTART_MIPS_H
#define GOROUTINE_RESTART_MIPS_H

#if defined(__mips__) && _MIPS_SIM == _ABIO32

#define GO_CAN_RESTART 1

/* GO_HERE loads the number of the processor into $3; `at` is a register that holds go_here_offset(). Where the CPU has no thread
 * pointer, the kernel knows this very instruction. */
#define GO_HERE(at)                                                                                                                \
    ".set push\n\t.set mips32r2\n\trdhwr $3, $29\n\t.set pop\n\t"                                                                  \
    "addu $3, $3, " at "\n\tlw $3, 0($3)\n\t"

/* go_here_offset is where go_here lies, as seen from any thread. It never changes. It is in the table of addresses, which is found
 * from where the code is. */
static inline intptr_t go_here_offset(void)
{
    intptr_t at;
    __asm__(".set push\n\t.set noreorder\n\t"
            "bal 1f\n\t"
            "nop\n"
            "1:\tlui %0, %%hi(_gp_disp)\n\t"
            "addiu %0, %0, %%lo(_gp_disp)\n\t"
            "addu %0, %0, $31\n\t"
            "lw %0, %%gottprel(go_here)(%0)\n\t"
            ".set pop"
            : "=&r"(at)
            :
            : "$31");
    return at;
}

/* In a cell, which two of its sums is the one that counts: nothing writes eight bytes at once here, so that the next sum is written
 * beside it, and to say so is the commit. */
#ifdef __MIPSEB__
#define GO_CELL_LOW  "12"
#define GO_CELL_HIGH "8"
#else
#define GO_CELL_LOW  "8"
#define GO_CELL_HIGH "12"
#endif
struct go_restart_cell {
    uint32_t turn, unused; /* turn: in its last bit, which */
    uint64_t sums[2];
};

/* Adds n to the cell of 64 bytes that belongs to this processor; false, and nothing was added: it has none. For counter.h. */
static inline int go_restart_add(char *cells, uint32_t count, int64_t n)
{
    __asm__ goto(".set push\n\t.set noreorder\n"
                 "1:\n\t" GO_HERE("%[at]") "sltu $2, $3, %[count]\n\t"
                                           "beqz $2, %l[nowhere]\n\t"
                                           "sll $3, $3, 6\n\t"
                                           "addu $3, $3, %[cells]\n\t"
                                           "lw $8, 0($3)\n\t"
                                           "andi $2, $8, 1\n\t"
                                           "sll $2, $2, 3\n\t"
                                           "addu $2, $2, $3\n\t"
                                           "lw $9, " GO_CELL_LOW "($2)\n\t"
                                           "lw $10, " GO_CELL_HIGH "($2)\n\t"
                                           "addu $9, $9, %L[n]\n\t"
                                           "sltu $2, $9, %L[n]\n\t"
                                           "addu $10, $10, %M[n]\n\t"
                                           "addu $10, $10, $2\n\t"
                                           "addiu $8, $8, 1\n\t"
                                           "andi $2, $8, 1\n\t"
                                           "sll $2, $2, 3\n\t"
                                           "addu $2, $2, $3\n\t"
                                           "sw $9, " GO_CELL_LOW "($2)\n\t"
                                           "sw $10, " GO_CELL_HIGH "($2)\n\t"
                                           "sync\n\t"
                                           "sw $8, 0($3)\n"
                                           "2:\n\t" GO_RESTARTABLE("1b", "2b", "1b") ".set pop"
                 :
                 : [at] "r"(go_here_offset()), [count] "r"(count), [cells] "r"(cells), [n] "r"(n)
                 : "$2", "$3", "$8", "$9", "$10", "memory"
                 : nowhere);
    return 1;
nowhere:
    return 0;
}

/* The sum of a cell, for counter.h: that which counted before and after it was read. */
#define GO_RESTART_SUM go_restart_sum
static inline int64_t go_restart_sum(const void *cell)
{
    const volatile struct go_restart_cell *c = (const volatile struct go_restart_cell *)cell;
    uint32_t turn = __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE), last;
    uint64_t sum;
    do {
        last = turn;
        sum = c->sums[turn & 1];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        turn = __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE);
    } while (turn != last);
    return (int64_t)sum;
}

#endif

#endif
