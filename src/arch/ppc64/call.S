/* A call that can be ended from below: arch_call(void **landing: r3, void (*fn)(void *): r4, void *arg: r5), and
 * arch_land(void *landing: r3). A landing is where arch_call's stack ends: the registers that a call keeps, control words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

#define KEPT_R  14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
#define KEPT_V  20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31

/* What lies where in the frame, from its lower end on. The caller of a function leaves room below. */
#define R_AT(n)  (112 + ((n) - 14) * 8)
#define F_AT(n)  (256 + ((n) - 14) * 8)
#define V_AT(n)  (400 + ((n) - 20) * 16)
#define VSCR_AT  592
#define FPSCR_AT 608
#define VRSAVE_AT 616
#define FRAME    624

/* Where a register is kept; the frame's address and its own are 16 bytes apart in the numbers of unwind information. */
.macro KEPT_AT cfa
        .cfi_def_cfa \cfa, FRAME
        .cfi_offset 65, 16                      /* lr, in the caller's frame */
        .cfi_offset 70, 8                       /* the conditions that a call keeps */
        .irp     n, KEPT_R
        .cfi_offset \n, R_AT(\n) - FRAME
        .cfi_offset \n + 32, F_AT(\n) - FRAME
        .endr
        .irp     n, KEPT_V
        .cfi_offset \n + 77, V_AT(\n) - FRAME
        .endr
.endm

FUNC(arch_call)
        mflr     %r0
        mfcr     %r12
        std      %r0, 16(%r1)
        stw      %r12, 8(%r1)
        stdu     %r1, -FRAME(%r1)
        .irp     n, KEPT_R
        std      %r\n, R_AT(\n)(%r1)
        stfd     %f\n, F_AT(\n)(%r1)
        .endr
        mffs     %f0
        stfd     %f0, FPSCR_AT(%r1)
        UNLESS_VECTORS %r12, 1f
        .irp     n, KEPT_V
        li       %r12, V_AT(\n)
        stvx     %v\n, %r12, %r1
        .endr
        mfvscr   %v0
        li       %r12, VSCR_AT
        stvx     %v0, %r12, %r1
        mfspr    %r12, 256
        stw      %r12, VRSAVE_AT(%r1)
1:
        KEPT_AT  %r1
        std      %r1, 0(%r3)
        mr       %r3, %r5
        CALL_POINTER %r4
        li       %r3, 0
        ld       %r31, R_AT(31)(%r1)
        addi     %r1, %r1, FRAME
        .cfi_def_cfa %r1, 0
        ld       %r0, 16(%r1)
        mtlr     %r0
        blr
END(arch_call)

FUNC(arch_land)
        KEPT_AT  %r3
        mr       %r1, %r3
        lfd      %f0, FPSCR_AT(%r1)
        mtfsf    255, %f0, 1, 0
        UNLESS_VECTORS %r12, 1f
        li       %r12, VSCR_AT
        lvx      %v0, %r12, %r1
        mtvscr   %v0
        .irp     n, KEPT_V
        li       %r12, V_AT(\n)
        lvx      %v\n, %r12, %r1
        .endr
        lwz      %r12, VRSAVE_AT(%r1)
        mtspr    256, %r12
1:
        .irp     n, KEPT_R
        ld       %r\n, R_AT(\n)(%r1)
        lfd      %f\n, F_AT(\n)(%r1)
        .endr
        addi     %r1, %r1, FRAME
        .cfi_def_cfa %r1, 0
        ld       %r0, 16(%r1)
        lwz      %r12, 8(%r1)
        mtlr     %r0
        mtcrf    0x38, %r12
        li       %r3, 1
        blr
END(arch_land)
