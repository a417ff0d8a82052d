/* Written by tools/mkpreempt from arm64.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_return_column 96
        .cfi_def_cfa sp, 0
        .cfi_offset x29, 0
        .cfi_offset 96, 8
        .cfi_offset sp, 24
        .cfi_offset x0, 312
        .cfi_offset x1, 320
        .cfi_offset x2, 328
        .cfi_offset x3, 336
        .cfi_offset x4, 344
        .cfi_offset x5, 352
        .cfi_offset x6, 360
        .cfi_offset x7, 368
        .cfi_offset x8, 376
        .cfi_offset x9, 384
        .cfi_offset x10, 392
        .cfi_offset x11, 400
        .cfi_offset x12, 408
        .cfi_offset x13, 416
        .cfi_offset x14, 424
        .cfi_offset x15, 432
        .cfi_offset x16, 440
        .cfi_offset x17, 448
        .cfi_offset x18, 456
        .cfi_offset x19, 464
        .cfi_offset x20, 472
        .cfi_offset x21, 480
        .cfi_offset x22, 488
        .cfi_offset x23, 496
        .cfi_offset x24, 504
        .cfi_offset x25, 512
        .cfi_offset x26, 520
        .cfi_offset x27, 528
        .cfi_offset x28, 536
        .cfi_offset x30, 552
        msr      fpcr, xzr
        msr      fpsr, xzr
        ldr      x9, [x29, #16]
        blr      x9
        mov      x0, sp
        bl       arch_uninject
        mov      x8, #139
        svc      #0
        brk      #0
END(arch_preempt)
