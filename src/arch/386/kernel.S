/* A call of the kernel: long arch_system_call(long number, long a, long b, long c, long d, long e, long f).
 *
 * It goes the way that way.c has found. And what handlers return to, where that way is the CPU's own: the call that has the kernel
 * bring the frame back.
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

/* Where the frame has a register, counted from where it lies in the stack when its handler has returned, for unwinders. */
.macro IN_FRAME register, offset, base
        .cfi_escape 0x10, \register, 3, \base, (\offset & 0x7f) | 0x80, \offset >> 7
.endm

.macro ALL_IN_FRAME base
        .cfi_escape 0x0f, 4, \base, (188 & 0x7f) | 0x80, 188 >> 7, 6
        IN_FRAME 0, 204, \base
        IN_FRAME 1, 200, \base
        IN_FRAME 2, 196, \base
        IN_FRAME 3, 192, \base
        IN_FRAME 4, 188, \base
        IN_FRAME 5, 184, \base
        IN_FRAME 6, 180, \base
        IN_FRAME 7, 176, \base
        IN_FRAME 8, 216, \base
.endm

#define BY_ESP 0x74
#define BY_EBX 0x73

/* The kernel takes the frame to begin one word below the stack pointer that it finds. The way in has moved that by four words then,
 * which come to lie where the handler had its arguments. Unwinders look for what belongs to the instruction before a return address. */
FUNC(arch_goes_back)
        .cfi_signal_frame
        ALL_IN_FRAME BY_ESP
        nop
PLACE(arch_goes_back_here)
        mov      %esp, %ebx
        ALL_IN_FRAME BY_EBX
        lea      16(%esp), %esp
        call     9f
9:      pop      %ecx
        add      $_GLOBAL_OFFSET_TABLE_ + (. - 9b), %ecx
        mov      $173, %eax                     /* rt_sigreturn */
        call     *arch_way_in@GOTOFF(%ecx)
        ud2
END(arch_goes_back)
