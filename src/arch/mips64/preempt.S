/* Written by tools/mkpreempt from mips64.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_return_column 66
        .cfi_def_cfa 30, 0
        .cfi_offset 30, 0
        .cfi_offset 66, 8
        .cfi_offset 29, 24
        .cfi_offset 25, 32
        .cfi_offset 1, 200
        .cfi_offset 2, 208
        .cfi_offset 3, 216
        .cfi_offset 4, 224
        .cfi_offset 5, 232
        .cfi_offset 6, 240
        .cfi_offset 7, 248
        .cfi_offset 8, 256
        .cfi_offset 9, 264
        .cfi_offset 10, 272
        .cfi_offset 11, 280
        .cfi_offset 12, 288
        .cfi_offset 13, 296
        .cfi_offset 14, 304
        .cfi_offset 15, 312
        .cfi_offset 16, 320
        .cfi_offset 17, 328
        .cfi_offset 18, 336
        .cfi_offset 19, 344
        .cfi_offset 20, 352
        .cfi_offset 21, 360
        .cfi_offset 22, 368
        .cfi_offset 23, 376
        .cfi_offset 24, 384
        .cfi_offset 26, 400
        .cfi_offset 27, 408
        .cfi_offset 28, 416
        .cfi_offset 31, 440
        .cfi_offset 56, 640
        .cfi_offset 57, 648
        .cfi_offset 58, 656
        .cfi_offset 59, 664
        .cfi_offset 60, 672
        .cfi_offset 61, 680
        .cfi_offset 62, 688
        .cfi_offset 63, 696
        GLOBALS  $28, arch_preempt
        FRESH    $28, $9
        ld       $25, 16($30)
        li       $9, -16
        jalr     $25
        and      $29, $29, $9
        ld       $25, %got_disp(arch_uninject)($28)
        jalr     $25
        move     $4, $30
        move     $29, $30
        li       $2, 5211
        syscall
        break
END(arch_preempt)
