/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: r2, const long call[7]: r3). Two of its
 * arguments are in registers that a call keeps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
        stmg     %r6, %r7, 48(%r15)
        .cfi_offset %r6, -112
        .cfi_offset %r7, -104
PLACE(arch_call_unless_begins)
        l        %r0, 0(%r2)
        ltr      %r0, %r0
        jne      arch_call_unless_off
        lg       %r1, 0(%r3)
        lg       %r2, 8(%r3)
        lmg      %r4, %r7, 24(%r3)
        lg       %r3, 16(%r3)
        svc      0
PLACE(arch_call_unless_ends)
        lmg      %r6, %r7, 48(%r15)
        br       %r14
PLACE(arch_call_unless_off)
        lmg      %r6, %r7, 48(%r15)
        llihh    %r2, 0x8000
        br       %r14
END(arch_call_unless)
