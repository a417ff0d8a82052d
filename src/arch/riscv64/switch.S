/* Written by tools/mkpreempt from riscv64.c; run `make asm`.
 *
 * arch_switch(void **save: a0, void *load: a1). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        addi     sp, sp, -224
        .cfi_adjust_cfa_offset 224
        sd       s0, 0(sp)
        .cfi_rel_offset s0, 0
        sd       s1, 8(sp)
        .cfi_rel_offset s1, 8
        sd       s2, 16(sp)
        .cfi_rel_offset s2, 16
        sd       s3, 24(sp)
        .cfi_rel_offset s3, 24
        sd       s4, 32(sp)
        .cfi_rel_offset s4, 32
        sd       s5, 40(sp)
        .cfi_rel_offset s5, 40
        sd       s6, 48(sp)
        .cfi_rel_offset s6, 48
        sd       s7, 56(sp)
        .cfi_rel_offset s7, 56
        sd       s8, 64(sp)
        .cfi_rel_offset s8, 64
        sd       s9, 72(sp)
        .cfi_rel_offset s9, 72
        sd       s10, 80(sp)
        .cfi_rel_offset s10, 80
        sd       s11, 88(sp)
        .cfi_rel_offset s11, 88
        fsd      fs0, 96(sp)
        .cfi_rel_offset fs0, 96
        fsd      fs1, 104(sp)
        .cfi_rel_offset fs1, 104
        fsd      fs2, 112(sp)
        .cfi_rel_offset fs2, 112
        fsd      fs3, 120(sp)
        .cfi_rel_offset fs3, 120
        fsd      fs4, 128(sp)
        .cfi_rel_offset fs4, 128
        fsd      fs5, 136(sp)
        .cfi_rel_offset fs5, 136
        fsd      fs6, 144(sp)
        .cfi_rel_offset fs6, 144
        fsd      fs7, 152(sp)
        .cfi_rel_offset fs7, 152
        fsd      fs8, 160(sp)
        .cfi_rel_offset fs8, 160
        fsd      fs9, 168(sp)
        .cfi_rel_offset fs9, 168
        fsd      fs10, 176(sp)
        .cfi_rel_offset fs10, 176
        fsd      fs11, 184(sp)
        .cfi_rel_offset fs11, 184
        frcsr    t0
        sw       t0, 192(sp)
        sd       ra, 200(sp)
        sd       ra, 208(sp)
        .cfi_rel_offset ra, 208
        sd       sp, 0(a0)

        mv       sp, a1
        lw       t1, 192(sp)
        beq      t0, t1, 1f
        fscsr    t1
1:
        ld       s0, 0(sp)
        ld       s1, 8(sp)
        ld       s2, 16(sp)
        ld       s3, 24(sp)
        ld       s4, 32(sp)
        ld       s5, 40(sp)
        ld       s6, 48(sp)
        ld       s7, 56(sp)
        ld       s8, 64(sp)
        ld       s9, 72(sp)
        ld       s10, 80(sp)
        ld       s11, 88(sp)
        fld      fs0, 96(sp)
        fld      fs1, 104(sp)
        fld      fs2, 112(sp)
        fld      fs3, 120(sp)
        fld      fs4, 128(sp)
        fld      fs5, 136(sp)
        fld      fs6, 144(sp)
        fld      fs7, 152(sp)
        fld      fs8, 160(sp)
        fld      fs9, 168(sp)
        fld      fs10, 176(sp)
        fld      fs11, 184(sp)
        ld       ra, 208(sp)
        ld       t0, 200(sp)
        addi     sp, sp, 224
        .cfi_restore s0
        .cfi_restore s1
        .cfi_restore s2
        .cfi_restore s3
        .cfi_restore s4
        .cfi_restore s5
        .cfi_restore s6
        .cfi_restore s7
        .cfi_restore s8
        .cfi_restore s9
        .cfi_restore s10
        .cfi_restore s11
        .cfi_restore fs0
        .cfi_restore fs1
        .cfi_restore fs2
        .cfi_restore fs3
        .cfi_restore fs4
        .cfi_restore fs5
        .cfi_restore fs6
        .cfi_restore fs7
        .cfi_restore fs8
        .cfi_restore fs9
        .cfi_restore fs10
        .cfi_restore fs11
        .cfi_restore ra
        .cfi_adjust_cfa_offset -224
        jr       t0
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined ra
        .cfi_def_cfa_offset 0
        ebreak
        .globl   arch_end
        .hidden  arch_end
arch_end:
        ebreak
END(arch_end_code)
