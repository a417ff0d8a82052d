/* A call that can be ended from below: arch_call(void **landing: x0, void (*fn)(void *): x1, void *arg: x2), and
 * arch_land(void *landing: x0). A landing is where arch_call's stack ends: the registers that a call keeps, control words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call)
        stp      x29, x30, [sp, #-176]!
        .cfi_adjust_cfa_offset 176
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        mov      x29, sp
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
