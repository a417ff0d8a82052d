/* A call of the kernel that can be called off: long arch_call_unless(const _Atomic int *off: rdi, const long call[7]: rsi).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_call_unless)
PLACE(arch_call_unless_begins)
        cmpl     $0, (%rdi)
        jne      arch_call_unless_off
        mov      %rsi, %r11
        mov      (%r11), %rax
        mov      8(%r11), %rdi
        mov      16(%r11), %rsi
        mov      24(%r11), %rdx
        mov      32(%r11), %r10
        mov      40(%r11), %r8
        mov      48(%r11), %r9
        syscall
PLACE(arch_call_unless_ends)
        ret
PLACE(arch_call_unless_off)
        mov      $1, %eax
        shl      $63, %rax
        ret
END(arch_call_unless)
