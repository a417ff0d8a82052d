/* A call that can be ended from below: arch_call(void **landing, void (*fn)(void *), void *arg), and arch_land(void *landing). A landing
 * is where arch_call's stack ends: the argument, control words, the registers that a call keeps, the return.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/386/kept.h"
#include "arch/asm.h"
#include "arch/x86/state.h"

/* Sets the zero flag if the machine has no MXCSR; changes ecx. */
.macro HAS_MXCSR
        call     9f
        .cfi_adjust_cfa_offset 4
9:      pop      %ecx
        .cfi_adjust_cfa_offset -4
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        lea      arch_state@GOTOFF(%ecx), %ecx
        cmpl     $0, X86_STATE_SSE(%ecx)
.endm

FUNC(arch_call)
        PUSH_KEPT
        lea      -12(%esp), %esp
        .cfi_adjust_cfa_offset 12
        HAS_MXCSR
        je       1f
        stmxcsr  4(%esp)
1:      fnstcw   8(%esp)
        mov      32(%esp), %eax
        mov      %esp, (%eax)
        mov      40(%esp), %eax
        mov      %eax, (%esp)
        call     *36(%esp)
        xor      %eax, %eax
        lea      12(%esp), %esp
        .cfi_adjust_cfa_offset -12
        POP_KEPT
        ret
END(arch_call)

FUNC(arch_land)
        mov      4(%esp), %esp
        .cfi_def_cfa esp, 32
        .cfi_offset ebp, -8
        .cfi_offset ebx, -12
        .cfi_offset esi, -16
        .cfi_offset edi, -20
        HAS_MXCSR
        je       1f
        ldmxcsr  4(%esp)
1:      fldcw    8(%esp)
        lea      12(%esp), %esp
        .cfi_adjust_cfa_offset -12
        POP_KEPT
        mov      $1, %eax
        ret
END(arch_land)
