/* A call that can be ended from below: arch_call(void **landing: $4, void (*fn)(void *): $5, void *arg: $6), and
 * arch_land(void *landing: $4). A landing is where arch_call's stack ends: the registers that a call keeps, the control words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

#define FCSR_AT   144
#define MSACSR_AT 148
#define RA_AT     160
#define FRAME     176

.macro KEPT integers, floats
        \integers 16, 0
        \integers 17, 8
        \integers 18, 16
        \integers 19, 24
        \integers 20, 32
        \integers 21, 40
        \integers 22, 48
        \integers 23, 56
        \integers 28, 64
        \integers 30, 72
        \integers 31, RA_AT
        \floats  24, 80
        \floats  25, 88
        \floats  26, 96
        \floats  27, 104
        \floats  28, 112
        \floats  29, 120
        \floats  30, 128
        \floats  31, 136
.endm

.macro SAVE n, at
        sd       $\n, \at($29)
        .cfi_rel_offset \n, \at
.endm

.macro SAVE_FLOAT n, at
        sdc1     $f\n, \at($29)
        .cfi_rel_offset 32 + \n, \at
.endm

.macro LOAD n, at
        ld       $\n, \at($29)
.endm

.macro LOAD_FLOAT n, at
        ldc1     $f\n, \at($29)
.endm

/* Where a register is while the stack pointer is not yet what it was. */
.macro SAVED n, at
        .cfi_offset \n, \at - FRAME
.endm

.macro SAVED_FLOAT n, at
        .cfi_offset 32 + \n, \at - FRAME
.endm

FUNC(arch_call)
        daddiu   $29, $29, -FRAME
        .cfi_adjust_cfa_offset FRAME
        KEPT     SAVE, SAVE_FLOAT
        cfc1     $8, $31
        sw       $8, FCSR_AT($29)
        GLOBALS  $9, arch_call
        UNLESS_VECTORS $9, 1f
        MSACSR   $8
        sw       $8, MSACSR_AT($29)
1:      sd       $29, 0($4)
        move     $25, $5
        jalr     $25
        move     $4, $6
        ld       $31, RA_AT($29)
        li       $2, 0
        daddiu   $29, $29, FRAME
        .cfi_restore 31
        .cfi_def_cfa_offset 0
        jr       $31
        nop
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa 4, FRAME
        KEPT     SAVED, SAVED_FLOAT
        lui      $10, 0xfffc                    /* all but the causes of exceptions, which would be raised again */
        ori      $10, $10, 0x0fff
        lw       $8, FCSR_AT($4)
        and      $8, $8, $10
        ctc1     $8, $31
        GLOBALS  $9, arch_land
        UNLESS_VECTORS $9, 1f
        lw       $8, MSACSR_AT($4)
        and      $8, $8, $10
        SET_MSACSR $8
1:      move     $29, $4
        KEPT     LOAD, LOAD_FLOAT
        li       $2, 1
        daddiu   $29, $29, FRAME
        .irp     n, 16,17,18,19,20,21,22,23,28,30,31,56,57,58,59,60,61,62,63
        .cfi_restore \n
        .endr
        .cfi_def_cfa 29, 0
        jr       $31
        nop
END(arch_land)
