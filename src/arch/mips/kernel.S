/* A call of the kernel: long arch_system_call(long number: a0, long a: a1, long b: a2, long c: a3, long d, long e, long f), the
 * latter on the stack, behind room for the former.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_system_call)
        addiu    $sp, $sp, -32
        .cfi_adjust_cfa_offset 32
        lw       $8, 52($sp)
        lw       $9, 56($sp)
        sw       $8, 16($sp)
        sw       $9, 20($sp)
        move     $2, $4
        move     $4, $5
        move     $5, $6
        move     $6, $7
        lw       $7, 48($sp)
        syscall
        beqz     $7, 1f
        addiu    $sp, $sp, 32
        .cfi_adjust_cfa_offset -32
        negu     $2, $2                         /* an error is a positive number, and $7 */
1:      jr       $31
        nop
END(arch_system_call)
