/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off, const long call[7]).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
        mov      4(%esp), %ecx
        mov      8(%esp), %edx
        push     %ebp
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset ebp, 0
        push     %ebx
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset ebx, 0
        push     %esi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset esi, 0
        push     %edi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset edi, 0
PLACE(arch_call_unless_begins)
        cmpl     $0, (%ecx)
        jne      arch_call_unless_off
        mov      (%edx), %eax
        mov      4(%edx), %ebx
        mov      8(%edx), %ecx
        mov      16(%edx), %esi
        mov      20(%edx), %edi
        mov      24(%edx), %ebp
        mov      12(%edx), %edx
        int      $0x80
PLACE(arch_call_unless_ends)
        jmp      1f
PLACE(arch_call_unless_off)
        mov      $0x80000000, %eax
1:
        pop      %edi
        .cfi_adjust_cfa_offset -4
        .cfi_restore edi
        pop      %esi
        .cfi_adjust_cfa_offset -4
        .cfi_restore esi
        pop      %ebx
        .cfi_adjust_cfa_offset -4
        .cfi_restore ebx
        pop      %ebp
        .cfi_adjust_cfa_offset -4
        .cfi_restore ebp
        ret
END(arch_call_unless)
