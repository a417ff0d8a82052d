/* Written by tools/mkpreempt from mips.c; run `make asm`.
 *
 * arch_switch(void **save: a0, void *load: a1). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        addiu    $sp, $sp, -96
        .cfi_adjust_cfa_offset 96
        sdc1     $f20, 0($sp)
        sdc1     $f22, 8($sp)
        sdc1     $f24, 16($sp)
        sdc1     $f26, 24($sp)
        sdc1     $f28, 32($sp)
        sdc1     $f30, 40($sp)
        sw       $16, 48($sp)
        .cfi_rel_offset 16, 48
        sw       $17, 52($sp)
        .cfi_rel_offset 17, 52
        sw       $18, 56($sp)
        .cfi_rel_offset 18, 56
        sw       $19, 60($sp)
        .cfi_rel_offset 19, 60
        sw       $20, 64($sp)
        .cfi_rel_offset 20, 64
        sw       $21, 68($sp)
        .cfi_rel_offset 21, 68
        sw       $22, 72($sp)
        .cfi_rel_offset 22, 72
        sw       $23, 76($sp)
        .cfi_rel_offset 23, 76
        sw       $30, 80($sp)
        .cfi_rel_offset 30, 80
        cfc1     $8, $31
        sw       $8, 84($sp)
        sw       $31, 88($sp)
        sw       $31, 92($sp)
        .cfi_rel_offset 31, 92
        sw       $sp, 0($4)

        move     $sp, $5
        lw       $9, 84($sp)
        beq      $8, $9, 1f
        nop
        ctc1     $9, $31
1:
        ldc1     $f20, 0($sp)
        ldc1     $f22, 8($sp)
        ldc1     $f24, 16($sp)
        ldc1     $f26, 24($sp)
        ldc1     $f28, 32($sp)
        ldc1     $f30, 40($sp)
        lw       $16, 48($sp)
        lw       $17, 52($sp)
        lw       $18, 56($sp)
        lw       $19, 60($sp)
        lw       $20, 64($sp)
        lw       $21, 68($sp)
        lw       $22, 72($sp)
        lw       $23, 76($sp)
        lw       $30, 80($sp)
        lw       $31, 92($sp)
        lw       $25, 88($sp)
        .cfi_restore 16
        .cfi_restore 17
        .cfi_restore 18
        .cfi_restore 19
        .cfi_restore 20
        .cfi_restore 21
        .cfi_restore 22
        .cfi_restore 23
        .cfi_restore 30
        .cfi_restore 31
        jr       $25
        addiu    $sp, $sp, 96
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
