/* Written by tools/mkpreempt from arm.c; run `make asm`.
 *
 * arch_switch(void **save: r0, void *load: r1). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        push     {lr}
        push     {r4-r11, lr}
        vpush    {d8-d15}
        vmrs     r2, fpscr
        push     {r2, r3}
        .pad     #4
        .save    {r4-r11, lr}
        .vsave   {d8-d15}
        .pad     #8
        .cfi_def_cfa_offset 112
        .cfi_offset r4, -40
        .cfi_offset r5, -36
        .cfi_offset r6, -32
        .cfi_offset r7, -28
        .cfi_offset r8, -24
        .cfi_offset r9, -20
        .cfi_offset r10, -16
        .cfi_offset r11, -12
        .cfi_offset d8, -104
        .cfi_offset d9, -96
        .cfi_offset d10, -88
        .cfi_offset d11, -80
        .cfi_offset d12, -72
        .cfi_offset d13, -64
        .cfi_offset d14, -56
        .cfi_offset d15, -48
        .cfi_offset lr, -8
        str      sp, [r0]

        mov      sp, r1
        ldr      r3, [sp], #8
        eor      r2, r2, r3
        lsls     r2, r2, #4
        bne      2f
1:      vpop     {d8-d15}
        pop      {r4-r11, lr, pc}
2:      vmsr     fpscr, r3
        b        1b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look before a
 * return address. */
FUNC(arch_end_code)
        .cantunwind
        .cfi_undefined lr
        .cfi_def_cfa_offset 0
        udf      #0
        .globl   arch_end
        .hidden  arch_end
arch_end:
        udf      #0
END(arch_end_code)
