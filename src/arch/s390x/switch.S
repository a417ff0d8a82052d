/* Written by tools/mkpreempt from s390x.c; run `make asm`.
 *
 * arch_switch(void **save: r2, void *load: r3). The stack that it leaves is struct context in context.c; of that the
 * upper part is the save area of its caller, where every function puts what a call keeps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        stmg     %r6, %r15, 48(%r15)
        .cfi_offset %r6, -112
        .cfi_offset %r7, -104
        .cfi_offset %r8, -96
        .cfi_offset %r9, -88
        .cfi_offset %r10, -80
        .cfi_offset %r11, -72
        .cfi_offset %r12, -64
        .cfi_offset %r13, -56
        .cfi_offset %r14, -48
        .cfi_offset %r15, -40
        aghi     %r15, -80
        .cfi_adjust_cfa_offset 80
        std      %f8, 0(%r15)
        .cfi_rel_offset %f8, 0
        std      %f9, 8(%r15)
        .cfi_rel_offset %f9, 8
        std      %f10, 16(%r15)
        .cfi_rel_offset %f10, 16
        std      %f11, 24(%r15)
        .cfi_rel_offset %f11, 24
        std      %f12, 32(%r15)
        .cfi_rel_offset %f12, 32
        std      %f13, 40(%r15)
        .cfi_rel_offset %f13, 40
        std      %f14, 48(%r15)
        .cfi_rel_offset %f14, 48
        std      %f15, 56(%r15)
        .cfi_rel_offset %f15, 56
        efpc     %r4
        lghi     %r5, 0
        ipm      %r5
        nilh     %r5, 0x0f00
        stm      %r4, %r5, 64(%r15)
        stg      %r14, 72(%r15)
        stg      %r15, 0(%r2)

        lgr      %r15, %r3
        c        %r4, 64(%r15)
        jne      2f
1:      c        %r5, 68(%r15)
        jne      4f
3:
        .cfi_remember_state
        ld       %f8, 0(%r15)
        ld       %f9, 8(%r15)
        ld       %f10, 16(%r15)
        ld       %f11, 24(%r15)
        ld       %f12, 32(%r15)
        ld       %f13, 40(%r15)
        ld       %f14, 48(%r15)
        ld       %f15, 56(%r15)
        lg       %r1, 72(%r15)
        lmg      %r6, %r15, 128(%r15)
        .cfi_restore %r6
        .cfi_restore %r7
        .cfi_restore %r8
        .cfi_restore %r9
        .cfi_restore %r10
        .cfi_restore %r11
        .cfi_restore %r12
        .cfi_restore %r13
        .cfi_restore %r14
        .cfi_restore %r15
        .cfi_restore %f8
        .cfi_restore %f9
        .cfi_restore %f10
        .cfi_restore %f11
        .cfi_restore %f12
        .cfi_restore %f13
        .cfi_restore %f14
        .cfi_restore %f15
        .cfi_adjust_cfa_offset -80
        br       %r1
        .cfi_restore_state
2:      lfpc     64(%r15)
        j        1b
4:      l        %r5, 68(%r15)
        spm      %r5
        j        3b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined %r14
        .cfi_def_cfa_offset 0
        .short   0
        .globl   arch_end
        .hidden  arch_end
arch_end:
        .short   0
END(arch_end_code)
