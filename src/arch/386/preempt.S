/* Written by tools/mkpreempt from 386.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. trap.c starts it with the stack pointer at the
 * entry record: the pc, the address below the red zone where the last instruction looks for it, the callee, and where to
 * save the vector and floating-point state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"
#include "arch/x86/state.h"

#define PC      4(%ebp)
#define PC_SLOT 8(%ebp)
#define CALLEE  36(%ebp)
#define AREA    40(%ebp)
#define FLAGS   -4(%ebp)
#define FLAG_AC 0x40000

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_def_cfa esp, 8
        .cfi_offset eip, -8
        .cfi_escape 0x16, 4, 6, 0x34, 0x1c, 6, 0x23, 0x84, 0 /* esp: *(CFA - 4) + 4 */
        push     %ebp
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset ebp, 0
        mov      %esp, %ebp
        .cfi_def_cfa_register ebp
        pushfl
        push     %eax
        .cfi_offset eax, -20
        push     %ecx
        .cfi_offset ecx, -24
        push     %edx
        .cfi_offset edx, -28
        push     %ebx
        .cfi_offset ebx, -32
        cld
        testl    $FLAG_AC, FLAGS
        jz       1f
        pushfl
        andl     $~FLAG_AC, (%esp)
        popfl
1:      mov      PC, %eax
        mov      PC_SLOT, %ecx
        mov      %eax, (%ecx)

        mov      AREA, %ebx
        call     9f
9:      pop      %ecx
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        lea      arch_state@GOTOFF(%ecx), %ecx
        cmpl     $X86_FXSAVE, X86_STATE_KIND(%ecx)
        je       3f
        jb       4f
        xor      %eax, %eax
        mov      %eax, 512(%ebx)
        mov      %eax, 516(%ebx)
        mov      %eax, 520(%ebx)
        mov      %eax, 524(%ebx)
        mov      %eax, 528(%ebx)
        mov      %eax, 532(%ebx)
        mov      %eax, 536(%ebx)
        mov      %eax, 540(%ebx)
        mov      %eax, 544(%ebx)
        mov      %eax, 548(%ebx)
        mov      %eax, 552(%ebx)
        mov      %eax, 556(%ebx)
        mov      %eax, 560(%ebx)
        mov      %eax, 564(%ebx)
        mov      %eax, 568(%ebx)
        mov      %eax, 572(%ebx)
        mov      X86_STATE_MASK(%ecx), %eax
        mov      X86_STATE_MASK + 4(%ecx), %edx
        cmpl     $X86_XSAVE, X86_STATE_KIND(%ecx)
        je       1f
        xsavec   (%ebx)
        jmp      2f
1:      xsave    (%ebx)
2:      test     $X86_AVX, %al
        jz       5f
        vzeroupper
        jmp      5f
4:      fnsave   (%ebx)
        jmp      5f
3:      fxsave   (%ebx)
5:      fninit
        cmpl     $0, X86_STATE_SSE(%ecx)
        je       6f
        ldmxcsr  X86_STATE_MXCSR(%ecx)
6:

        and      $-16, %esp
        call     *CALLEE

        call     9f
9:      pop      %ecx
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        lea      arch_state@GOTOFF(%ecx), %ecx
        cmpl     $X86_FXSAVE, X86_STATE_KIND(%ecx)
        je       3f
        jb       4f
        mov      X86_STATE_MASK(%ecx), %eax
        mov      X86_STATE_MASK + 4(%ecx), %edx
        xrstor   (%ebx)
        jmp      5f
3:      fxrstor  (%ebx)
        jmp      5f
4:      frstor   (%ebx)
5:
        lea      -20(%ebp), %esp
        pop      %ebx
        pop      %edx
        pop      %ecx
        pop      %eax
        popfl
        pop      %ebp
        .cfi_restore ebp
        .cfi_def_cfa esp, 8
        lea      4(%esp), %esp
        .cfi_adjust_cfa_offset -4
        pop      %esp                           /* the pc slot */
        .cfi_restore esp
        .cfi_def_cfa esp, 4
        .cfi_offset eip, -4
        ret
END(arch_preempt)
