/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: r3, const long call[7]: r4).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
PLACE(arch_call_unless_begins)
        lwz      %r5, 0(%r3)
        cmpwi    %r5, 0
        bne      arch_call_unless_off
        mr       %r9, %r4
        ld       %r0, 0(%r9)
        ld       %r3, 8(%r9)
        ld       %r4, 16(%r9)
        ld       %r5, 24(%r9)
        ld       %r6, 32(%r9)
        ld       %r7, 40(%r9)
        ld       %r8, 48(%r9)
        sc
PLACE(arch_call_unless_ends)
        bnslr+
        neg      %r3, %r3                       /* an error, by the summary overflow */
        blr
PLACE(arch_call_unless_off)
        li       %r3, 1
        sldi     %r3, %r3, 63
        blr
END(arch_call_unless)
