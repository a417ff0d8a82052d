/* A call that can be ended from below: arch_call(void **landing: r0, void (*fn)(void *): r1, void *arg: r2), and
 * arch_land(void *landing: r0). A landing is where arch_call's stack ends: control word, the registers that a call keeps, the return.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call)
        push     {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}
        .save    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
        .pad     #4
        .cfi_adjust_cfa_offset 40
        .cfi_rel_offset r4, 4
        .cfi_rel_offset r5, 8
        .cfi_rel_offset r6, 12
        .cfi_rel_offset r7, 16
        .cfi_rel_offset r8, 20
        .cfi_rel_offset r9, 24
        .cfi_rel_offset r10, 28
        .cfi_rel_offset r11, 32
        .cfi_rel_offset lr, 36
        vpush    {d8-d15}
        .vsave   {d8-d15}
        .cfi_adjust_cfa_offset 64
        vmrs     r3, fpscr
        str      r3, [sp, #64]
        str      sp, [r0]
        mov      r0, r2
        blx      r1
        mov      r0, #0
        vpop     {d8-d15}
        pop      {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}
END(arch_call)

FUNC(arch_land)
        .cantunwind
        .cfi_def_cfa r0, 104
        .cfi_offset r4, -36
        .cfi_offset r5, -32
        .cfi_offset r6, -28
        .cfi_offset r7, -24
        .cfi_offset r8, -20
        .cfi_offset r9, -16
        .cfi_offset r10, -12
        .cfi_offset r11, -8
        .cfi_offset lr, -4
        mov      sp, r0
        ldr      r3, [sp, #64]
        vmsr     fpscr, r3
        mov      r0, #1
        vpop     {d8-d15}
        pop      {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}
END(arch_land)
