/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: a0, const long call[7]: a1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
PLACE(arch_call_unless_begins)
        lw       t0, 0(a0)
        bnez     t0, arch_call_unless_off
        mv       t0, a1
        ld       a7, 0(t0)
        ld       a0, 8(t0)
        ld       a1, 16(t0)
        ld       a2, 24(t0)
        ld       a3, 32(t0)
        ld       a4, 40(t0)
        ld       a5, 48(t0)
        ecall
PLACE(arch_call_unless_ends)
        ret
PLACE(arch_call_unless_off)
        li       a0, 1
        slli     a0, a0, 63
        ret
END(arch_call_unless)
