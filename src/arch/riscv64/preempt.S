/* Written by tools/mkpreempt from riscv64.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_return_column 64
        .cfi_def_cfa sp, 0
        .cfi_offset s0, 0
        .cfi_offset 64, 8
        .cfi_offset sp, 24
        .cfi_offset ra, 312
        .cfi_offset gp, 328
        .cfi_offset tp, 336
        .cfi_offset t0, 344
        .cfi_offset t1, 352
        .cfi_offset t2, 360
        .cfi_offset s1, 376
        .cfi_offset a0, 384
        .cfi_offset a1, 392
        .cfi_offset a2, 400
        .cfi_offset a3, 408
        .cfi_offset a4, 416
        .cfi_offset a5, 424
        .cfi_offset a6, 432
        .cfi_offset a7, 440
        .cfi_offset s2, 448
        .cfi_offset s3, 456
        .cfi_offset s4, 464
        .cfi_offset s5, 472
        .cfi_offset s6, 480
        .cfi_offset s7, 488
        .cfi_offset s8, 496
        .cfi_offset s9, 504
        .cfi_offset s10, 512
        .cfi_offset s11, 520
        .cfi_offset t3, 528
        .cfi_offset t4, 536
        .cfi_offset t5, 544
        .cfi_offset t6, 552
        .cfi_offset fs0, 624
        .cfi_offset fs1, 632
        .cfi_offset fs2, 704
        .cfi_offset fs3, 712
        .cfi_offset fs4, 720
        .cfi_offset fs5, 728
        .cfi_offset fs6, 736
        .cfi_offset fs7, 744
        .cfi_offset fs8, 752
        .cfi_offset fs9, 760
        .cfi_offset fs10, 768
        .cfi_offset fs11, 776
        fscsr    zero
        ld       t0, 16(sp)
        jalr     t0
        mv       a0, sp
        call     arch_uninject
        li       a7, 139
        ecall
        ebreak
END(arch_preempt)
