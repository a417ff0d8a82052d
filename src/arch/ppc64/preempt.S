/* Written by tools/mkpreempt from ppc64.c; run `make asm`.
 *
 * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer at
 * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_preempt)
        .cfi_signal_frame
        .cfi_return_column 67
        .cfi_def_cfa 31, 0
        .cfi_offset 31, 0
        .cfi_offset 67, 8
        .cfi_offset 1, 24
        .cfi_offset 0, 184
        .cfi_offset 2, 200
        .cfi_offset 3, 208
        .cfi_offset 4, 216
        .cfi_offset 5, 224
        .cfi_offset 6, 232
        .cfi_offset 7, 240
        .cfi_offset 8, 248
        .cfi_offset 9, 256
        .cfi_offset 10, 264
        .cfi_offset 11, 272
        .cfi_offset 12, 280
        .cfi_offset 13, 288
        .cfi_offset 14, 296
        .cfi_offset 15, 304
        .cfi_offset 16, 312
        .cfi_offset 17, 320
        .cfi_offset 18, 328
        .cfi_offset 19, 336
        .cfi_offset 20, 344
        .cfi_offset 21, 352
        .cfi_offset 22, 360
        .cfi_offset 23, 368
        .cfi_offset 24, 376
        .cfi_offset 25, 384
        .cfi_offset 26, 392
        .cfi_offset 27, 400
        .cfi_offset 28, 408
        .cfi_offset 29, 416
        .cfi_offset 30, 424
        .cfi_offset 65, 472
        mr       %r3, %r31
        CALL     arch_injected
        mtctr    %r3
        bctr
        trap
END(arch_preempt)
