/* A call that can be ended from below: arch_call(void **landing: a0, void (*fn)(void *): a1, void *arg: a2), and
 * arch_land(void *landing: a0). A landing is where arch_call's stack ends: the registers that a call keeps, the control word.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

/* Of the 224 bytes: s0 to s11, fs0 to fs11, fcsr, a word for alignment, and, as a frame pointer wants it, s0 once more below ra. */
.macro KEPT integers, floats
        \integers s0, 0
        \integers s1, 8
        \integers s2, 16
        \integers s3, 24
        \integers s4, 32
        \integers s5, 40
        \integers s6, 48
        \integers s7, 56
        \integers s8, 64
        \integers s9, 72
        \integers s10, 80
        \integers s11, 88
        \floats  fs0, 96
        \floats  fs1, 104
        \floats  fs2, 112
        \floats  fs3, 120
        \floats  fs4, 128
        \floats  fs5, 136
        \floats  fs6, 144
        \floats  fs7, 152
        \floats  fs8, 160
        \floats  fs9, 168
        \floats  fs10, 176
        \floats  fs11, 184
.endm

.macro SAVE name, at
        sd       \name, \at(sp)
        .cfi_rel_offset \name, \at
.endm

.macro SAVE_FLOAT name, at
        fsd      \name, \at(sp)
        .cfi_rel_offset \name, \at
.endm

.macro LOAD name, at
        ld       \name, \at(sp)
.endm

.macro LOAD_FLOAT name, at
        fld      \name, \at(sp)
.endm

/* Where a register is while the stack pointer is not yet what it was. */
.macro SAVED name, at
        .cfi_offset \name, \at - 224
.endm

FUNC(arch_call)
        addi     sp, sp, -224
        .cfi_adjust_cfa_offset 224
        KEPT     SAVE, SAVE_FLOAT
        sd       s0, 208(sp)
        SAVE     ra, 216
        addi     s0, sp, 224
        frcsr    t0
        sw       t0, 192(sp)
        sd       sp, 0(a0)
        mv       a0, a2
        jalr     a1
        li       a0, 0
        ld       ra, 216(sp)
        ld       s0, 0(sp)
        addi     sp, sp, 224
        .cfi_restore ra
        .cfi_restore s0
        .cfi_def_cfa_offset 0
        ret
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa a0, 224
        KEPT     SAVED, SAVED
        SAVED    ra, 216
        mv       sp, a0
        lw       t0, 192(sp)
        fscsr    t0
        KEPT     LOAD, LOAD_FLOAT
        ld       ra, 216(sp)
        addi     sp, sp, 224
        .cfi_restore s0
        .cfi_restore ra
        .cfi_def_cfa sp, 0
        li       a0, 1
        ret
END(arch_land)
