/* Written by tools/mkpreempt from 386.c; run `make asm`.
 *
 * arch_switch(void **save: eax, void *load: edx). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"
#include "arch/x86/state.h"

FUNC(arch_switch)
        mov      4(%esp), %eax
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
        lea      -8(%esp), %esp
        .cfi_adjust_cfa_offset 8
        call     9f
        .cfi_adjust_cfa_offset 4
9:      pop      %ecx
        .cfi_adjust_cfa_offset -4
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        lea      arch_state@GOTOFF(%ecx), %ecx
        cmpl     $0, X86_STATE_SSE(%ecx)
        je       3f
        stmxcsr  (%esp)
3:
        fnstcw   4(%esp)
        mov      %esp, (%eax)
        movzwl   4(%esp), %eax

        mov      %edx, %esp
        cmpl     $0, X86_STATE_SSE(%ecx)
        je       3f
        ldmxcsr  (%esp)
3:
        cmp      %ax, 4(%esp)
        jne      2f
1:
        .cfi_remember_state
        lea      8(%esp), %esp
        .cfi_adjust_cfa_offset -8
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
        .cfi_restore_state
2:      fldcw    4(%esp)
        jmp      1b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined eip
        .cfi_def_cfa_offset 0
        ud2
        .globl   arch_end
        .hidden  arch_end
arch_end:
        ud2
END(arch_end_code)
