/* A call that can be ended from below: arch_call(void **landing: a0, void (*fn)(void *): a1, void *arg: a2), and
 * arch_land(void *landing: a0). A landing is where arch_call's stack ends: room for the arguments of fn, the registers that a call
 * keeps, the control word.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

/* Of the 112 bytes: 16 of room, f20 to f30, s0 to s7, the frame register, the control word, a word that is free, the link. */
.macro KEPT integers, floats
        \floats  20, 16
        \floats  22, 24
        \floats  24, 32
        \floats  26, 40
        \floats  28, 48
        \floats  30, 56
        \integers 16, 64
        \integers 17, 68
        \integers 18, 72
        \integers 19, 76
        \integers 20, 80
        \integers 21, 84
        \integers 22, 88
        \integers 23, 92
        \integers 30, 96
        \integers 31, 108
.endm

.macro SAVE number, at
        sw       $\number, \at($sp)
        .cfi_rel_offset \number, \at
.endm

.macro SAVE_FLOAT number, at
        sdc1     $f\number, \at($sp)
.endm

.macro LOAD number, at
        lw       $\number, \at($sp)
.endm

.macro LOAD_FLOAT number, at
        ldc1     $f\number, \at($sp)
.endm

/* Where a register is while the stack pointer is not yet what it was. */
.macro SAVED number, at
        .cfi_offset \number, \at - 112
.endm

.macro SAVED_FLOAT number, at
.endm

FUNC(arch_call)
        addiu    $sp, $sp, -112
        .cfi_adjust_cfa_offset 112
        KEPT     SAVE, SAVE_FLOAT
        cfc1     $8, $31
        sw       $8, 100($sp)
        sw       $sp, 0($4)
        move     $25, $5
        jalr     $25
        move     $4, $6
        lw       $31, 108($sp)
        .cfi_restore 31
        move     $2, $0
        jr       $31
        addiu    $sp, $sp, 112
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa 4, 112
        KEPT     SAVED, SAVED_FLOAT
        move     $sp, $4
        lw       $8, 100($sp)
        ctc1     $8, $31
        KEPT     LOAD, LOAD_FLOAT
        li       $2, 1
        jr       $31
        addiu    $sp, $sp, 112
END(arch_land)
