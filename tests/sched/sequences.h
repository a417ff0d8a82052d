/* A restartable sequence for tests: it adds one to the cell of its processor in three steps (load, increment, store), so that what
 * comes between them is lost unless it begins anew; and the same instructions without being one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SCHED_SEQUENCES_H
#define TESTS_SCHED_SEQUENCES_H

#include "goroutine/restart.h"

enum { SEQUENCE_CELLS = 8 };

typedef unsigned long sequence_cells[SEQUENCE_CELLS];

/* Both restart outside: where they begin anew, they add one to *restarts first. False: there is no cell, and nothing was added. */
#if defined(__x86_64__)
enum { SEQUENCE_LENGTH = 7 }; /* instructions */
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("jmp 1f\n"                                                                                                        \
                 "3:\tlock incq %[restarts]\n"                                                                                     \
                 "1:\t" GO_HERE("%[at]", "%%eax") "cmpl $8, %%eax\n\t"                                                             \
                                                  "jae %l[nowhere]\n\t"                                                            \
                                                  "leaq (%[cells], %%rax, 8), %%rax\n\t"                                           \
                                                  "movq (%%rax), %%rcx\n\t"                                                        \
                                                  "incq %%rcx\n\t"                                                                 \
                                                  "movq %%rcx, (%%rax)\n"                                                          \
                                                  "2:\n\t" mark                                                                    \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "rax", "rcx", "cc", "memory"                                                                                    \
                 : nowhere)
#elif defined(__i386__)
enum { SEQUENCE_LENGTH = 7 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("jmp 1f\n"                                                                                                        \
                 "3:\tlock incl %[restarts]\n"                                                                                     \
                 "1:\t" GO_HERE("%[at]", "%%eax") "cmpl $8, %%eax\n\t"                                                             \
                                                  "jae %l[nowhere]\n\t"                                                            \
                                                  "leal (%[cells], %%eax, 4), %%eax\n\t"                                           \
                                                  "movl (%%eax), %%ecx\n\t"                                                        \
                                                  "incl %%ecx\n\t"                                                                 \
                                                  "movl %%ecx, (%%eax)\n"                                                          \
                                                  "2:\n\t" mark                                                                    \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "eax", "ecx", "cc", "memory"                                                                                    \
                 : nowhere)
#elif defined(__aarch64__)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 8 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("b 1f\n"                                                                                                          \
                 "3:\tldr x10, %[restarts]\n\t"                                                                                    \
                 "add x10, x10, #1\n\t"                                                                                            \
                 "str x10, %[restarts]\n"                                                                                          \
                 "1:\t" GO_HERE("%[at]", "x9", "w9") "cmp w9, #8\n\t"                                                              \
                                                     "b.hs %l[nowhere]\n\t"                                                        \
                                                     "add x9, %[cells], x9, lsl #3\n\t"                                            \
                                                     "ldr x10, [x9]\n\t"                                                           \
                                                     "add x10, x10, #1\n\t"                                                        \
                                                     "str x10, [x9]\n"                                                             \
                                                     "2:\n\t" mark                                                                 \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "x9", "x10", "cc", "memory"                                                                                     \
                 : nowhere)
#elif defined(__powerpc64__)
enum { SEQUENCE_LENGTH = 9 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("b 1f\n"                                                                                                          \
                 "3:\tld 10, 0(%[restarts])\n\t"                                                                                   \
                 "addi 10, 10, 1\n\t"                                                                                              \
                 "std 10, 0(%[restarts])\n"                                                                                        \
                 "1:\t" GO_HERE("%[at]", "9", "9") "cmplwi 9, 8\n\t"                                                               \
                                                   "bge- %l[nowhere]\n\t"                                                          \
                                                   "sldi 9, 9, 3\n\t"                                                              \
                                                   "ldx 10, %[cells], 9\n\t"                                                       \
                                                   "addi 10, 10, 1\n\t"                                                            \
                                                   "stdx 10, %[cells], 9\n"                                                        \
                                                   "2:\n\t" mark                                                                   \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "b"(cells), [restarts] "b"(restarts)                                        \
                 : "r9", "r10", "cr0", "memory"                                                                                    \
                 : nowhere)
#elif defined(__riscv)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 9 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("j 1f\n"                                                                                                          \
                 "3:\tld t1, %[restarts]\n\t"                                                                                      \
                 "addi t1, t1, 1\n\t"                                                                                              \
                 "sd t1, %[restarts]\n"                                                                                            \
                 "1:\t" GO_HERE("%[at]", "t0") "li t1, 8\n\t"                                                                      \
                                               "bgeu t0, t1, %l[nowhere]\n\t"                                                      \
                                               "slli t0, t0, 3\n\t"                                                                \
                                               "add t0, t0, %[cells]\n\t"                                                          \
                                               "ld t1, 0(t0)\n\t"                                                                  \
                                               "addi t1, t1, 1\n\t"                                                                \
                                               "sd t1, 0(t0)\n"                                                                    \
                                               "2:\n\t" mark                                                                       \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "t0", "t1", "memory"                                                                                            \
                 : nowhere)
#elif defined(__s390x__)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 10 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("j 1f\n"                                                                                                          \
                 "3:\tlg %%r5, %[restarts]\n\t"                                                                                    \
                 "aghi %%r5, 1\n\t"                                                                                                \
                 "stg %%r5, %[restarts]\n"                                                                                         \
                 "1:\t" GO_HERE("%[at]", "%%r4", "%%r5") "clfi %%r5, 8\n\t"                                                        \
                                                         "jnl %l[nowhere]\n\t"                                                     \
                                                         "sllg %%r5, %%r5, 3\n\t"                                                  \
                                                         "lg %%r4, 0(%%r5, %[cells])\n\t"                                          \
                                                         "aghi %%r4, 1\n\t"                                                        \
                                                         "stg %%r4, 0(%%r5, %[cells])\n"                                           \
                                                         "2:\n\t" mark                                                             \
                 :                                                                                                                 \
                 : [at] "a"(go_here_offset()), [cells] "a"(cells), [restarts] "m"(*restarts)                                       \
                 : "r4", "r5", "cc", "memory"                                                                                      \
                 : nowhere)
#elif defined(__mips64)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 10 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto(".set push\n\t.set noreorder\n\t"                                                                                 \
                 "b 1f\n\t"                                                                                                        \
                 "nop\n"                                                                                                           \
                 "3:\tld $2, %[restarts]\n\t"                                                                                      \
                 "daddiu $2, $2, 1\n\t"                                                                                            \
                 "sd $2, %[restarts]\n"                                                                                            \
                 "1:\t" GO_HERE("%[at]") "sltiu $2, $3, 8\n\t"                                                                     \
                                         "beqz $2, %l[nowhere]\n\t"                                                                \
                                         "dsll $3, $3, 3\n\t"                                                                      \
                                         "daddu $3, $3, %[cells]\n\t"                                                              \
                                         "ld $2, 0($3)\n\t"                                                                        \
                                         "daddiu $2, $2, 1\n\t"                                                                    \
                                         "sd $2, 0($3)\n"                                                                          \
                                         "2:\n\t" mark "\t.set pop"                                                                \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "$2", "$3", "memory"                                                                                            \
                 : nowhere)
#elif defined(__mips__)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 10 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto(".set push\n\t.set noreorder\n\t"                                                                                 \
                 "b 1f\n\t"                                                                                                        \
                 "nop\n"                                                                                                           \
                 "3:\tlw $2, %[restarts]\n\t"                                                                                      \
                 "addiu $2, $2, 1\n\t"                                                                                             \
                 "sw $2, %[restarts]\n"                                                                                            \
                 "1:\t" GO_HERE("%[at]") "sltiu $2, $3, 8\n\t"                                                                     \
                                         "beqz $2, %l[nowhere]\n\t"                                                                \
                                         "sll $3, $3, 2\n\t"                                                                       \
                                         "addu $3, $3, %[cells]\n\t"                                                               \
                                         "lw $2, 0($3)\n\t"                                                                        \
                                         "addiu $2, $2, 1\n\t"                                                                     \
                                         "sw $2, 0($3)\n"                                                                          \
                                         "2:\n\t" mark "\t.set pop"                                                                \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "$2", "$3", "memory"                                                                                            \
                 : nowhere)
#elif defined(__arm__)
/* *restarts belongs to who adds. */
enum { SEQUENCE_LENGTH = 8 };
#define SEQUENCE(mark)                                                                                                             \
    __asm__ goto("b 1f\n"                                                                                                          \
                 "3:\tldr r3, %[restarts]\n\t"                                                                                     \
                 "add r3, r3, #1\n\t"                                                                                              \
                 "str r3, %[restarts]\n"                                                                                           \
                 "1:\t" GO_HERE("%[at]", "r2") "cmp r2, #8\n\t"                                                                    \
                                               "bhs %l[nowhere]\n\t"                                                               \
                                               "add r2, %[cells], r2, lsl #2\n\t"                                                  \
                                               "ldr r3, [r2]\n\t"                                                                  \
                                               "add r3, r3, #1\n\t"                                                                \
                                               "str r3, [r2]\n"                                                                    \
                                               "2:\n\t" mark                                                                       \
                 :                                                                                                                 \
                 : [at] "r"(go_here_offset()), [cells] "r"(cells), [restarts] "m"(*restarts)                                       \
                 : "r2", "r3", "cc", "memory"                                                                                      \
                 : nowhere)
#endif

static inline bool sequence_add(unsigned long *cells, volatile unsigned long *restarts)
{
    SEQUENCE(GO_RESTARTABLE("1b", "2b", "3b"));
    return true;
nowhere:
    return false;
}

static inline bool sequence_unmarked(unsigned long *cells, volatile unsigned long *restarts)
{
    SEQUENCE("");
    return true;
nowhere:
    return false;
}

#endif
