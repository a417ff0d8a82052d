/* A call of the kernel: long arch_system_call(long number, long a, long b, long c, long d, long e, long f).
 *
 * It goes the way that way.c has found.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/386/kept.h"
#include "arch/asm.h"

FUNC(arch_system_call)
        PUSH_KEPT
        call     9f
        .cfi_adjust_cfa_offset 4
9:      pop      %ecx
        .cfi_adjust_cfa_offset -4
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        push     arch_way_in@GOTOFF(%ecx)
        .cfi_adjust_cfa_offset 4
        mov      24(%esp), %eax
        mov      28(%esp), %ebx
        mov      32(%esp), %ecx
        mov      36(%esp), %edx
        mov      40(%esp), %esi
        mov      44(%esp), %edi
        mov      48(%esp), %ebp
        call     *(%esp)
        movl     $0, (%esp)                     /* or it looks as if a foreign function were below (sched/settle.c) */
        lea      4(%esp), %esp
        .cfi_adjust_cfa_offset -4
        POP_KEPT
        ret
END(arch_system_call)

/* The way in that every kernel has. */
FUNC(arch_way_by_interrupt)
        int      $0x80
        ret
END(arch_way_by_interrupt)
