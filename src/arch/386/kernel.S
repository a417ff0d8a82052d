/* A call of the kernel: long arch_system_call(long number, long a, long b, long c, long d, long e, long f).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_system_call)
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
        mov      20(%esp), %eax
        mov      24(%esp), %ebx
        mov      28(%esp), %ecx
        mov      32(%esp), %edx
        mov      36(%esp), %esi
        mov      40(%esp), %edi
        mov      44(%esp), %ebp
        int      $0x80
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
END(arch_system_call)
