/* A call that can be ended from below: arch_call(void **landing: rdi, void (*fn)(void *): rsi, void *arg: rdx), and
 * arch_land(void *landing: rdi). A landing is where arch_call's stack ends: control words, the registers that a call keeps, the return.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call)
        push     %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        mov      %rsp, %rbp
        .cfi_def_cfa_register rbp
        push     %rbx
        .cfi_offset rbx, -24
        push     %r12
        .cfi_offset r12, -32
        push     %r13
        .cfi_offset r13, -40
        push     %r14
        .cfi_offset r14, -48
        push     %r15
        .cfi_offset r15, -56
        lea      -8(%rsp), %rsp
        stmxcsr  (%rsp)
        fnstcw   4(%rsp)
        mov      %rsp, (%rdi)
        mov      %rdx, %rdi
        call     *%rsi
        xor      %eax, %eax
        leave
        .cfi_restore rbp
        .cfi_def_cfa rsp, 8
        ret
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa rdi, 64
        .cfi_offset rbp, -16
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        .cfi_offset r14, -48
        .cfi_offset r15, -56
        mov      %rdi, %rsp
        fldcw    4(%rsp)
        ldmxcsr  (%rsp)
        mov      8(%rsp), %r15
        mov      16(%rsp), %r14
        mov      24(%rsp), %r13
        mov      32(%rsp), %r12
        mov      40(%rsp), %rbx
        mov      48(%rsp), %rbp
        lea      56(%rsp), %rsp
        .cfi_def_cfa rsp, 8
        mov      $1, %eax
        ret
END(arch_land)
