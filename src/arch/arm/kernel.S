/* A call of the kernel: long arch_system_call(long number: r0, long a: r1, long b: r2, long c: r3, long d, long e, long f).
 *
 * The number is in r7, which Thumb code may need for its frame pointer, so that this is not written in C.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_system_call)
        push     {r4, r5, r7, lr}
        .save    {r4, r5, r7, lr}
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset r4, 0
        .cfi_rel_offset r5, 4
        .cfi_rel_offset r7, 8
        .cfi_rel_offset lr, 12
        mov      r7, r0
        mov      r0, r1
        mov      r1, r2
        mov      r2, r3
        ldr      r3, [sp, #16]
        ldr      r4, [sp, #20]
        ldr      r5, [sp, #24]
        svc      #0
        pop      {r4, r5, r7, pc}
END(arch_system_call)
