/* Written by tools/mkpreempt from ppc64.c; run `make asm`.
 *
 * arch_switch(void **save: r3, void *load: r4). The stack that it leaves is struct context in context.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_switch)
        mflr     %r0
        mffs     %f0
        mfcr     %r12
        stdu     %r1, -544(%r1)
        .cfi_def_cfa_offset 544
        stfd     %f0, 40(%r1)
        stw      %r12, 8(%r1)
        std      %r0, 16(%r1)
        std      %r0, 32(%r1)
        std      %r2, 24(%r1)
        std      %r14, 48(%r1)
        std      %r15, 56(%r1)
        std      %r16, 64(%r1)
        std      %r17, 72(%r1)
        std      %r18, 80(%r1)
        std      %r19, 88(%r1)
        std      %r20, 96(%r1)
        std      %r21, 104(%r1)
        std      %r22, 112(%r1)
        std      %r23, 120(%r1)
        std      %r24, 128(%r1)
        std      %r25, 136(%r1)
        std      %r26, 144(%r1)
        std      %r27, 152(%r1)
        std      %r28, 160(%r1)
        std      %r29, 168(%r1)
        std      %r30, 176(%r1)
        std      %r31, 184(%r1)
        stfd     %f14, 192(%r1)
        stfd     %f15, 200(%r1)
        stfd     %f16, 208(%r1)
        stfd     %f17, 216(%r1)
        stfd     %f18, 224(%r1)
        stfd     %f19, 232(%r1)
        stfd     %f20, 240(%r1)
        stfd     %f21, 248(%r1)
        stfd     %f22, 256(%r1)
        stfd     %f23, 264(%r1)
        stfd     %f24, 272(%r1)
        stfd     %f25, 280(%r1)
        stfd     %f26, 288(%r1)
        stfd     %f27, 296(%r1)
        stfd     %f28, 304(%r1)
        stfd     %f29, 312(%r1)
        stfd     %f30, 320(%r1)
        stfd     %f31, 328(%r1)
        UNLESS_VECTORS %r12, 1f
        li       %r12, 336
        stvx     %v20, %r12, %r1
        li       %r12, 352
        stvx     %v21, %r12, %r1
        li       %r12, 368
        stvx     %v22, %r12, %r1
        li       %r12, 384
        stvx     %v23, %r12, %r1
        li       %r12, 400
        stvx     %v24, %r12, %r1
        li       %r12, 416
        stvx     %v25, %r12, %r1
        li       %r12, 432
        stvx     %v26, %r12, %r1
        li       %r12, 448
        stvx     %v27, %r12, %r1
        li       %r12, 464
        stvx     %v28, %r12, %r1
        li       %r12, 480
        stvx     %v29, %r12, %r1
        li       %r12, 496
        stvx     %v30, %r12, %r1
        li       %r12, 512
        stvx     %v31, %r12, %r1
        mfvscr   %v0
        li       %r12, 528
        stvx     %v0, %r12, %r1
        mfspr    %r12, 256
        stw      %r12, 12(%r1)
1:
        .cfi_offset 65, -512
        .cfi_offset 70, -536
        .cfi_offset 14, -496
        .cfi_offset 15, -488
        .cfi_offset 16, -480
        .cfi_offset 17, -472
        .cfi_offset 18, -464
        .cfi_offset 19, -456
        .cfi_offset 20, -448
        .cfi_offset 21, -440
        .cfi_offset 22, -432
        .cfi_offset 23, -424
        .cfi_offset 24, -416
        .cfi_offset 25, -408
        .cfi_offset 26, -400
        .cfi_offset 27, -392
        .cfi_offset 28, -384
        .cfi_offset 29, -376
        .cfi_offset 30, -368
        .cfi_offset 31, -360
        .cfi_offset 46, -352
        .cfi_offset 47, -344
        .cfi_offset 48, -336
        .cfi_offset 49, -328
        .cfi_offset 50, -320
        .cfi_offset 51, -312
        .cfi_offset 52, -304
        .cfi_offset 53, -296
        .cfi_offset 54, -288
        .cfi_offset 55, -280
        .cfi_offset 56, -272
        .cfi_offset 57, -264
        .cfi_offset 58, -256
        .cfi_offset 59, -248
        .cfi_offset 60, -240
        .cfi_offset 61, -232
        .cfi_offset 62, -224
        .cfi_offset 63, -216
        .cfi_offset 97, -208
        .cfi_offset 98, -192
        .cfi_offset 99, -176
        .cfi_offset 100, -160
        .cfi_offset 101, -144
        .cfi_offset 102, -128
        .cfi_offset 103, -112
        .cfi_offset 104, -96
        .cfi_offset 105, -80
        .cfi_offset 106, -64
        .cfi_offset 107, -48
        .cfi_offset 108, -32
        ld       %r11, 40(%r1)
        std      %r1, 0(%r3)

        mr       %r1, %r4
        ld       %r12, 40(%r1)
        xor      %r11, %r11, %r12
        rldicl.  %r11, %r11, 45, 7
        bne      3f
1:      UNLESS_VECTORS %r12, 2f
        li       %r12, 528
        lvx      %v1, %r12, %r1
        vcmpequw. %v2, %v0, %v1
        bge      6, 4f
5:      lwz      %r12, 12(%r1)
        mtspr    256, %r12
        li       %r12, 336
        lvx      %v20, %r12, %r1
        li       %r12, 352
        lvx      %v21, %r12, %r1
        li       %r12, 368
        lvx      %v22, %r12, %r1
        li       %r12, 384
        lvx      %v23, %r12, %r1
        li       %r12, 400
        lvx      %v24, %r12, %r1
        li       %r12, 416
        lvx      %v25, %r12, %r1
        li       %r12, 432
        lvx      %v26, %r12, %r1
        li       %r12, 448
        lvx      %v27, %r12, %r1
        li       %r12, 464
        lvx      %v28, %r12, %r1
        li       %r12, 480
        lvx      %v29, %r12, %r1
        li       %r12, 496
        lvx      %v30, %r12, %r1
        li       %r12, 512
        lvx      %v31, %r12, %r1
2:
        .cfi_remember_state
        ld       %r14, 48(%r1)
        ld       %r15, 56(%r1)
        ld       %r16, 64(%r1)
        ld       %r17, 72(%r1)
        ld       %r18, 80(%r1)
        ld       %r19, 88(%r1)
        ld       %r20, 96(%r1)
        ld       %r21, 104(%r1)
        ld       %r22, 112(%r1)
        ld       %r23, 120(%r1)
        ld       %r24, 128(%r1)
        ld       %r25, 136(%r1)
        ld       %r26, 144(%r1)
        ld       %r27, 152(%r1)
        ld       %r28, 160(%r1)
        ld       %r29, 168(%r1)
        ld       %r30, 176(%r1)
        ld       %r31, 184(%r1)
        lfd      %f14, 192(%r1)
        lfd      %f15, 200(%r1)
        lfd      %f16, 208(%r1)
        lfd      %f17, 216(%r1)
        lfd      %f18, 224(%r1)
        lfd      %f19, 232(%r1)
        lfd      %f20, 240(%r1)
        lfd      %f21, 248(%r1)
        lfd      %f22, 256(%r1)
        lfd      %f23, 264(%r1)
        lfd      %f24, 272(%r1)
        lfd      %f25, 280(%r1)
        lfd      %f26, 288(%r1)
        lfd      %f27, 296(%r1)
        lfd      %f28, 304(%r1)
        lfd      %f29, 312(%r1)
        lfd      %f30, 320(%r1)
        lfd      %f31, 328(%r1)
        lwz      %r11, 8(%r1)
        ld       %r0, 16(%r1)
        ld       %r12, 32(%r1)
        ld       %r2, 24(%r1)
        mtcrf    0x38, %r11
        mtlr     %r0
        mtctr    %r12
        addi     %r1, %r1, 544
        .cfi_restore 65
        .cfi_restore 70
        .cfi_restore 14
        .cfi_restore 15
        .cfi_restore 16
        .cfi_restore 17
        .cfi_restore 18
        .cfi_restore 19
        .cfi_restore 20
        .cfi_restore 21
        .cfi_restore 22
        .cfi_restore 23
        .cfi_restore 24
        .cfi_restore 25
        .cfi_restore 26
        .cfi_restore 27
        .cfi_restore 28
        .cfi_restore 29
        .cfi_restore 30
        .cfi_restore 31
        .cfi_restore 46
        .cfi_restore 47
        .cfi_restore 48
        .cfi_restore 49
        .cfi_restore 50
        .cfi_restore 51
        .cfi_restore 52
        .cfi_restore 53
        .cfi_restore 54
        .cfi_restore 55
        .cfi_restore 56
        .cfi_restore 57
        .cfi_restore 58
        .cfi_restore 59
        .cfi_restore 60
        .cfi_restore 61
        .cfi_restore 62
        .cfi_restore 63
        .cfi_restore 97
        .cfi_restore 98
        .cfi_restore 99
        .cfi_restore 100
        .cfi_restore 101
        .cfi_restore 102
        .cfi_restore 103
        .cfi_restore 104
        .cfi_restore 105
        .cfi_restore 106
        .cfi_restore 107
        .cfi_restore 108
        .cfi_def_cfa_offset 0
        bctr
        .cfi_restore_state
3:      lfd      %f0, 40(%r1)
        mtfsf    255, %f0, 1, 0
        b        1b
4:      mtvscr   %v1
        b        5b
END(arch_switch)

/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which look at the byte
 * before a return address. */
FUNC(arch_end_code)
        .cfi_undefined 65
        .cfi_def_cfa_offset 0
        trap
        .globl   arch_end
        .hidden  arch_end
arch_end:
        trap
END(arch_end_code)
