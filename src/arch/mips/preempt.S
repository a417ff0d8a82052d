/* Written by tools/mkpreempt from mips.c; run `make asm`.
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
        .cfi_def_cfa 29, 0
        .cfi_offset 30, 24
        .cfi_offset 66, 28
        .cfi_offset 29, 36
        .cfi_offset 1, 200 + LOW_HALF
        .cfi_offset 2, 208 + LOW_HALF
        .cfi_offset 3, 216 + LOW_HALF
        .cfi_offset 4, 224 + LOW_HALF
        .cfi_offset 5, 232 + LOW_HALF
        .cfi_offset 6, 240 + LOW_HALF
        .cfi_offset 7, 248 + LOW_HALF
        .cfi_offset 8, 256 + LOW_HALF
        .cfi_offset 9, 264 + LOW_HALF
        .cfi_offset 10, 272 + LOW_HALF
        .cfi_offset 11, 280 + LOW_HALF
        .cfi_offset 12, 288 + LOW_HALF
        .cfi_offset 13, 296 + LOW_HALF
        .cfi_offset 14, 304 + LOW_HALF
        .cfi_offset 15, 312 + LOW_HALF
        .cfi_offset 16, 320 + LOW_HALF
        .cfi_offset 17, 328 + LOW_HALF
        .cfi_offset 18, 336 + LOW_HALF
        .cfi_offset 19, 344 + LOW_HALF
        .cfi_offset 20, 352 + LOW_HALF
        .cfi_offset 21, 360 + LOW_HALF
        .cfi_offset 22, 368 + LOW_HALF
        .cfi_offset 23, 376 + LOW_HALF
        .cfi_offset 24, 384 + LOW_HALF
        .cfi_offset 25, 392 + LOW_HALF
        .cfi_offset 26, 400 + LOW_HALF
        .cfi_offset 27, 408 + LOW_HALF
        .cfi_offset 28, 416 + LOW_HALF
        .cfi_offset 31, 440 + LOW_HALF
        cfc1     $8, $31
        lui      $9, 0xc
        and      $8, $8, $9
        ctc1     $8, $31
        lw       $25, 32($sp)
        jalr     $25
        nop
        bal      1f
        nop
        1:
        lui      $28, %hi(_gp_disp)
        addiu    $28, $28, %lo(_gp_disp)
        addu     $28, $28, $31
        lw       $25, %got(arch_uninject)($28)
        jalr     $25
        move     $4, $sp
        li       $2, 4193
        syscall
        break
END(arch_preempt)
