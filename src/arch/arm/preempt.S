/* Written by tools/mkpreempt from arm.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .unwind_raw 0, 0x00, 0x84, 0x00, 0x73, 0x82, 0x00
        .unwind_raw 0, 0x80, 0x80, 0x88, 0x00, 0x25, 0xb1, 0x0f, 0x80, 0x7f, 0x00, 0x81, 0x00
        .cfi_def_cfa sp, 0
        .cfi_offset r11, 0
        .cfi_offset pc, 4
        .cfi_offset sp, 12
        .cfi_offset r0, 160
        .cfi_offset r1, 164
        .cfi_offset r2, 168
        .cfi_offset r3, 172
        .cfi_offset r4, 176
        .cfi_offset r5, 180
        .cfi_offset r6, 184
        .cfi_offset r7, 188
        .cfi_offset r8, 192
        .cfi_offset r9, 196
        .cfi_offset r10, 200
        .cfi_offset r12, 208
        .cfi_offset lr, 216
        mov      r0, #0
        vmsr     fpscr, r0
        ldr      r0, [sp, #8]
        blx      r0
        mov      r0, sp
        bl       arch_uninject
        clrex
        mov      r7, #173
        svc      #0
        udf      #0
END(arch_preempt)
