/* Written by tools/mkpreempt from arm64.c; run `make asm`.
 *
 * arch_switch(void **save: x0, void *load: x1). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        stp      x29, x30, [sp, #-176]!
        .cfi_adjust_cfa_offset 176
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp      x19, x20, [sp, #16]
        .cfi_rel_offset x19, 16
        .cfi_rel_offset x20, 24
        stp      x21, x22, [sp, #32]
        .cfi_rel_offset x21, 32
        .cfi_rel_offset x22, 40
        stp      x23, x24, [sp, #48]
        .cfi_rel_offset x23, 48
        .cfi_rel_offset x24, 56
        stp      x25, x26, [sp, #64]
        .cfi_rel_offset x25, 64
        .cfi_rel_offset x26, 72
        stp      x27, x28, [sp, #80]
        .cfi_rel_offset x27, 80
        .cfi_rel_offset x28, 88
        stp      d8, d9, [sp, #96]
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        stp      d10, d11, [sp, #112]
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        stp      d12, d13, [sp, #128]
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        stp      d14, d15, [sp, #144]
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mrs      x9, fpcr
        mrs      x10, fpsr
        stp      w9, w10, [sp, #160]
        str      x30, [sp, #168]
        mov      x11, sp
        str      x11, [x0]

        mov      sp, x1
        ldp      w11, w12, [sp, #160]
        cmp      w9, w11
        b.ne     2f
1:      cmp      w10, w12
        b.ne     4f
3:
        .cfi_remember_state
        ldp      d14, d15, [sp, #144]
        ldp      d12, d13, [sp, #128]
        ldp      d10, d11, [sp, #112]
        ldp      d8, d9, [sp, #96]
        ldp      x27, x28, [sp, #80]
        ldp      x25, x26, [sp, #64]
        ldp      x23, x24, [sp, #48]
        ldp      x21, x22, [sp, #32]
        ldp      x19, x20, [sp, #16]
        ldr      x9, [sp, #168]
        ldp      x29, x30, [sp], #176
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        .cfi_restore x29
        .cfi_restore x30
        .cfi_adjust_cfa_offset -176
        ret      x9
        .cfi_restore_state
2:      msr      fpcr, x11
        b        1b
4:      msr      fpsr, x12
        b        3b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined x30
        .cfi_def_cfa_offset 0
        brk      #0
        .globl   arch_end
        .hidden  arch_end
arch_end:
        brk      #0
END(arch_end_code)
