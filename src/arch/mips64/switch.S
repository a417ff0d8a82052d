/* Written by tools/mkpreempt from mips64.c; run `make asm`.
 *
 * arch_switch(void **save: $4, void *load: $5). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        daddiu   $29, $29, -176
        .cfi_adjust_cfa_offset 176
        sd       $16, 0($29)
        .cfi_rel_offset 16, 0
        sd       $17, 8($29)
        .cfi_rel_offset 17, 8
        sd       $18, 16($29)
        .cfi_rel_offset 18, 16
        sd       $19, 24($29)
        .cfi_rel_offset 19, 24
        sd       $20, 32($29)
        .cfi_rel_offset 20, 32
        sd       $21, 40($29)
        .cfi_rel_offset 21, 40
        sd       $22, 48($29)
        .cfi_rel_offset 22, 48
        sd       $23, 56($29)
        .cfi_rel_offset 23, 56
        sd       $28, 64($29)
        .cfi_rel_offset 28, 64
        sd       $30, 72($29)
        .cfi_rel_offset 30, 72
        sdc1     $f24, 80($29)
        .cfi_rel_offset 56, 80
        sdc1     $f25, 88($29)
        .cfi_rel_offset 57, 88
        sdc1     $f26, 96($29)
        .cfi_rel_offset 58, 96
        sdc1     $f27, 104($29)
        .cfi_rel_offset 59, 104
        sdc1     $f28, 112($29)
        .cfi_rel_offset 60, 112
        sdc1     $f29, 120($29)
        .cfi_rel_offset 61, 120
        sdc1     $f30, 128($29)
        .cfi_rel_offset 62, 128
        sdc1     $f31, 136($29)
        .cfi_rel_offset 63, 136
        cfc1     $8, $31
        lui      $10, 0xfffc
        ori      $10, $10, 0x0fff
        and      $8, $8, $10
        sw       $8, 144($29)
        sd       $31, 152($29)
        sd       $31, 160($29)
        .cfi_rel_offset 31, 160
        GLOBALS  $9, arch_switch
        UNLESS_VECTORS $9, 1f
        MSACSR   $9
        and      $9, $9, $10
        lw       $10, 148($5)
        beq      $9, $10, 1f
        sw       $9, 148($29)
        SET_MSACSR $10
1:
        sd       $29, 0($4)

        move     $29, $5
        lw       $9, 144($29)
        beq      $8, $9, 1f
        ld       $31, 160($29)
        ctc1     $9, $31
1:
        ld       $16, 0($29)
        ld       $17, 8($29)
        ld       $18, 16($29)
        ld       $19, 24($29)
        ld       $20, 32($29)
        ld       $21, 40($29)
        ld       $22, 48($29)
        ld       $23, 56($29)
        ld       $28, 64($29)
        ld       $30, 72($29)
        ldc1     $f24, 80($29)
        ldc1     $f25, 88($29)
        ldc1     $f26, 96($29)
        ldc1     $f27, 104($29)
        ldc1     $f28, 112($29)
        ldc1     $f29, 120($29)
        ldc1     $f30, 128($29)
        ldc1     $f31, 136($29)
        ld       $25, 152($29)
        daddiu   $29, $29, 176
        .cfi_restore 16
        .cfi_restore 17
        .cfi_restore 18
        .cfi_restore 19
        .cfi_restore 20
        .cfi_restore 21
        .cfi_restore 22
        .cfi_restore 23
        .cfi_restore 28
        .cfi_restore 30
        .cfi_restore 56
        .cfi_restore 57
        .cfi_restore 58
        .cfi_restore 59
        .cfi_restore 60
        .cfi_restore 61
        .cfi_restore 62
        .cfi_restore 63
        .cfi_restore 31
        .cfi_adjust_cfa_offset -176
        jr       $25
        nop
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined 31
        .cfi_def_cfa_offset 0
        break
        .globl   arch_end
        .hidden  arch_end
arch_end:
        break
END(arch_end_code)
