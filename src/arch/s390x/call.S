/* A call that can be ended from below: arch_call(void **landing: r2, void (*fn)(void *): r3, void *arg: r4), and
 * arch_land(void *landing: r2). A landing is where arch_call's stack ends: the save area for fn, then what a call keeps beside what
 * is in the save area of arch_call's own caller.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

/* clang-format off */
#define FRAME    240
#define FLOATS   160
#define CONTROL  224
#define KEPT     48
/* clang-format on */

.macro EACH_FLOAT op
        .set     at, FLOATS
        .irp     n, 8, 9, 10, 11, 12, 13, 14, 15
        \op      %f\n, at(%r15)
        .set     at, at + 8
        .endr
.endm

/* Where the registers are, counted from the frame address, which lies 160 bytes above the caller's stack pointer. */
.macro SAVED
        .set     at, -160 + KEPT
        .irp     n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .cfi_offset %r\n, at
        .set     at, at + 8
        .endr
.endm

.macro SAVED_FLOATS
        .set     at, -160 - FRAME + FLOATS
        .irp     n, 8, 9, 10, 11, 12, 13, 14, 15
        .cfi_offset %f\n, at
        .set     at, at + 8
        .endr
.endm

.macro RESTORED
        .irp     n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .cfi_restore %r\n
        .endr
.endm

FUNC(arch_call)
        stmg     %r6, %r15, KEPT(%r15)
        SAVED
        lgr      %r1, %r15
        aghi     %r15, -FRAME
        .cfi_adjust_cfa_offset FRAME
        stg      %r1, 0(%r15)
        EACH_FLOAT std
        SAVED_FLOATS
        stfpc    CONTROL(%r15)
        ipm      %r0
        st       %r0, CONTROL+4(%r15)
        stg      %r15, 0(%r2)
        lgr      %r2, %r4
        basr     %r14, %r3
        lghi     %r2, 0
        lmg      %r6, %r15, FRAME+KEPT(%r15)
        RESTORED
        .cfi_adjust_cfa_offset -FRAME
        br       %r14
END(arch_call)

FUNC(arch_land)
        .cfi_def_cfa %r2, FRAME + 160
        SAVED
        SAVED_FLOATS
        lgr      %r15, %r2
        .cfi_def_cfa_register %r15
        lfpc     CONTROL(%r15)
        l        %r0, CONTROL+4(%r15)
        spm      %r0
        EACH_FLOAT ld
        lghi     %r2, 1
        lmg      %r6, %r15, FRAME+KEPT(%r15)
        RESTORED
        .cfi_def_cfa %r15, 160
        br       %r14
END(arch_land)
