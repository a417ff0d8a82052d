/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: r0, const long call[7]: r1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
        push     {r4, r5, r7, lr}
        .save    {r4, r5, r7, lr}
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset r4, 0
        .cfi_rel_offset r5, 4
        .cfi_rel_offset r7, 8
        .cfi_rel_offset lr, 12
PLACE(arch_call_unless_begins)
        ldr      r2, [r0]
        cmp      r2, #0
        bne      arch_call_unless_off
        ldr      r7, [r1]
        ldr      r0, [r1, #4]
        ldr      r2, [r1, #12]
        ldr      r3, [r1, #16]
        ldr      r4, [r1, #20]
        ldr      r5, [r1, #24]
        ldr      r1, [r1, #8]
        svc      #0
PLACE(arch_call_unless_ends)
        b        1f
PLACE(arch_call_unless_off)
        mov      r0, #0x80000000
1:      pop      {r4, r5, r7, pc}
END(arch_call_unless)
