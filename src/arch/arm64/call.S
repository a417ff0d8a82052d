/* A call that can be ended from below: arch_call(void **landing: x0, void (*fn)(void *): x1, void *arg: x2), and
 * arch_land(void *landing: x0). A landing is where arch_call's stack ends: the registers that a call keeps, control words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

/* Two registers into the frame. */
.macro SAVE first, second, at
        stp      \first, \second, [sp, #\at]
        .cfi_rel_offset \first, \at
        .cfi_rel_offset \second, \at + 8
.endm

FUNC(arch_call)
        stp      x29, x30, [sp, #-176]!
        .cfi_adjust_cfa_offset 176
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        mov      x29, sp
        SAVE     x19, x20, 16
        SAVE     x21, x22, 32
        SAVE     x23, x24, 48
        SAVE     x25, x26, 64
        SAVE     x27, x28, 80
        SAVE     d8, d9, 96
        SAVE     d10, d11, 112
        SAVE     d12, d13, 128
        SAVE     d14, d15, 144
        mrs      x9, fpcr
        mrs      x10, fpsr
        stp      x9, x10, [sp, #160]
        mov      x9, sp
        str      x9, [x0]
        mov      x0, x2
        blr      x1
        mov      w0, #0
        ldp      x29, x30, [sp], #176
        .cfi_restore x29
        .cfi_restore x30
        .cfi_def_cfa_offset 0
        ret
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa x0, 176
        .cfi_offset x29, -176
        .cfi_offset x30, -168
        .cfi_offset x19, -160
        .cfi_offset x20, -152
        .cfi_offset x21, -144
        .cfi_offset x22, -136
        .cfi_offset x23, -128
        .cfi_offset x24, -120
        .cfi_offset x25, -112
        .cfi_offset x26, -104
        .cfi_offset x27, -96
        .cfi_offset x28, -88
        mov      sp, x0
        ldp      x9, x10, [sp, #160]
        msr      fpcr, x9
        msr      fpsr, x10
        ldp      d14, d15, [sp, #144]
        ldp      d12, d13, [sp, #128]
        ldp      d10, d11, [sp, #112]
        ldp      d8, d9, [sp, #96]
        ldp      x27, x28, [sp, #80]
        ldp      x25, x26, [sp, #64]
        ldp      x23, x24, [sp, #48]
        ldp      x21, x22, [sp, #32]
        ldp      x19, x20, [sp, #16]
        ldp      x29, x30, [sp], #176
        .cfi_restore x29
        .cfi_restore x30
        .cfi_def_cfa sp, 0
        mov      w0, #1
        ret
END(arch_land)
