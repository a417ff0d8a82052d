/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: x0, const long call[7]: x1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
PLACE(arch_call_unless_begins)
        ldr      w2, [x0]
        cbnz     w2, arch_call_unless_off
        mov      x9, x1
        ldp      x8, x0, [x9]
        ldp      x1, x2, [x9, #16]
        ldp      x3, x4, [x9, #32]
        ldr      x5, [x9, #48]
        svc      #0
PLACE(arch_call_unless_ends)
        ret
PLACE(arch_call_unless_off)
        mov      x0, #0x8000000000000000
        ret
END(arch_call_unless)
