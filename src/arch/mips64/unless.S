/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: $4, const long call[7]: $5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
PLACE(arch_call_unless_begins)
        lw       $8, 0($4)
        bnez     $8, arch_call_unless_off
        move     $10, $5
        ld       $2, 0($10)
        ld       $4, 8($10)
        ld       $5, 16($10)
        ld       $6, 24($10)
        ld       $7, 32($10)
        ld       $8, 40($10)
        ld       $9, 48($10)
        syscall
PLACE(arch_call_unless_ends)
        beqz     $7, 1f
        nop
        dnegu    $2, $2                         /* an error */
1:      jr       $31
        nop
PLACE(arch_call_unless_off)
        li       $2, 1
        jr       $31
        dsll32   $2, $2, 31
END(arch_call_unless)
