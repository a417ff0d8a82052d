/* Written by tools/mkpreempt from amd64.c; run `make asm`.
 *
 * arch_switch(void **save: rdi, void *load: rsi). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"
#include "arch/x86/state.h"

FUNC(arch_switch)
        push     %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        push     %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        push     %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        push     %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        push     %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        push     %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        lea      -8(%rsp), %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr  (%rsp)
        fnstcw   4(%rsp)
        mov      %rsp, (%rdi)
        movzwl   4(%rsp), %eax

        mov      %rsi, %rsp
        ldmxcsr  (%rsp)
        cmp      %ax, 4(%rsp)
        jne      2f
1:
        .cfi_remember_state
        lea      8(%rsp), %rsp
        .cfi_adjust_cfa_offset -8
        pop      %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        pop      %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        pop      %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        pop      %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        pop      %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        pop      %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        ret
        .cfi_restore_state
2:      fldcw    4(%rsp)
        jmp      1b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined rip
        .cfi_def_cfa_offset 0
        ud2
        .globl   arch_end
        .hidden  arch_end
arch_end:
        ud2
END(arch_end_code)
