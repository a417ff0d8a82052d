/* Written by tools/mkpreempt from s390x.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_return_column 32
        .cfi_def_cfa %r15, 160
        .cfi_offset 32, 120
        .cfi_offset %r0, 192
        .cfi_offset %r1, 200
        .cfi_offset %r2, 208
        .cfi_offset %r3, 216
        .cfi_offset %r4, 224
        .cfi_offset %r5, 232
        .cfi_offset %r6, 240
        .cfi_offset %r7, 248
        .cfi_offset %r8, 256
        .cfi_offset %r9, 264
        .cfi_offset %r10, 272
        .cfi_offset %r11, 32
        .cfi_offset %r12, 288
        .cfi_offset %r13, 296
        .cfi_offset %r14, 304
        .cfi_offset %r15, 24
        .cfi_offset %f0, 392
        .cfi_offset %f1, 400
        .cfi_offset %f2, 408
        .cfi_offset %f3, 416
        .cfi_offset %f4, 424
        .cfi_offset %f5, 432
        .cfi_offset %f6, 440
        .cfi_offset %f7, 448
        .cfi_offset %f8, 456
        .cfi_offset %f9, 464
        .cfi_offset %f10, 472
        .cfi_offset %f11, 480
        .cfi_offset %f12, 488
        .cfi_offset %f13, 496
        .cfi_offset %f14, 504
        .cfi_offset %f15, 512
        lghi     %r0, 0
        sfpc     %r0
        lg       %r1, 176(%r15)
        basr     %r14, %r1
        lgr      %r2, %r15
        brasl    %r14, arch_uninject
        svc      173
        .short   0
END(arch_preempt)
