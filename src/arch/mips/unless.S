/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: a0, const long call[7]: a1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
        addiu    $sp, $sp, -32
        .cfi_adjust_cfa_offset 32
        move     $8, $4
        move     $9, $5
        lw       $10, 20($9)
        lw       $11, 24($9)
        sw       $10, 16($sp)                   /* the kernel finds the fifth and sixth argument there */
        sw       $11, 20($sp)
PLACE(arch_call_unless_begins)
        lw       $10, 0($8)
        bnez     $10, arch_call_unless_off
        lw       $2, 0($9)
        lw       $4, 4($9)
        lw       $5, 8($9)
        lw       $6, 12($9)
        lw       $7, 16($9)
        syscall
PLACE(arch_call_unless_ends)
        beqz     $7, 1f
        nop
        b        1f
        negu     $2, $2
PLACE(arch_call_unless_off)
        lui      $2, 0x8000
1:      jr       $31
        addiu    $sp, $sp, 32
END(arch_call_unless)
