/* Written by tools/mkpreempt from amd64.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. trap.c starts it with the stack pointer at the
 * entry record: the pc, the address below the red zone where the last instruction looks for it, the callee, and where to
 * save the vector and floating-point state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"
#include "arch/x86/state.h"

#define PC      8(%rbp)
#define PC_SLOT 16(%rbp)
#define CALLEE  24(%rbp)
#define AREA    32(%rbp)
#define FLAGS   -8(%rbp)
#define FLAG_AC 0x40000

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_def_cfa rsp, 16
        .cfi_offset rip, -16
        .cfi_escape 0x16, 7, 6, 0x38, 0x1c, 6, 0x23, 0x88, 1 /* rsp: *(CFA - 8) + 136 */
        push     %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        mov      %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushfq
        push     %rax
        .cfi_offset rax, -40
        push     %rcx
        .cfi_offset rcx, -48
        push     %rdx
        .cfi_offset rdx, -56
        push     %rsi
        .cfi_offset rsi, -64
        push     %rdi
        .cfi_offset rdi, -72
        push     %r8
        .cfi_offset r8, -80
        push     %r9
        .cfi_offset r9, -88
        push     %r10
        .cfi_offset r10, -96
        push     %r11
        .cfi_offset r11, -104
        push     %rbx
        .cfi_offset rbx, -112
        cld
        testl    $FLAG_AC, FLAGS
        jz       1f
        pushfq
        andl     $~FLAG_AC, (%rsp)
        popfq
1:      mov      PC, %rax
        mov      PC_SLOT, %rcx
        mov      %rax, (%rcx)

        mov      AREA, %rbx
        lea      arch_state(%rip), %rcx
        cmpl     $X86_FXSAVE, X86_STATE_KIND(%rcx)
        je       3f
        xor      %eax, %eax
        mov      %rax, 512(%rbx)
        mov      %rax, 520(%rbx)
        mov      %rax, 528(%rbx)
        mov      %rax, 536(%rbx)
        mov      %rax, 544(%rbx)
        mov      %rax, 552(%rbx)
        mov      %rax, 560(%rbx)
        mov      %rax, 568(%rbx)
        mov      X86_STATE_MASK(%rcx), %eax
        mov      X86_STATE_MASK + 4(%rcx), %edx
        cmpl     $X86_XSAVE, X86_STATE_KIND(%rcx)
        je       1f
        xsavec64 (%rbx)
        jmp      2f
1:      xsave64  (%rbx)
2:      test     $X86_AVX, %al
        jz       5f
        vzeroupper
        jmp      5f
3:      fxsave64 (%rbx)
5:      fninit
        ldmxcsr  X86_STATE_MXCSR(%rcx)

        and      $-16, %rsp
        call     *CALLEE

        lea      arch_state(%rip), %rcx
        cmpl     $X86_FXSAVE, X86_STATE_KIND(%rcx)
        je       3f
        mov      X86_STATE_MASK(%rcx), %eax
        mov      X86_STATE_MASK + 4(%rcx), %edx
        xrstor64 (%rbx)
        jmp      5f
3:      fxrstor64 (%rbx)
5:
        lea      -88(%rbp), %rsp
        pop      %rbx
        pop      %r11
        pop      %r10
        pop      %r9
        pop      %r8
        pop      %rdi
        pop      %rsi
        pop      %rdx
        pop      %rcx
        pop      %rax
        popfq
        pop      %rbp
        .cfi_restore rbp
        .cfi_def_cfa rsp, 16
        lea      8(%rsp), %rsp
        .cfi_adjust_cfa_offset -8
        pop      %rsp                           /* the pc slot */
        .cfi_restore rsp
        .cfi_def_cfa rsp, 136
        .cfi_offset rip, -136
        ret      $128
END(arch_preempt)
