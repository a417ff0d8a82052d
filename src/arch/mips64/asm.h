/* What arch/asm.h has for mips64: assembly is taken as it is written, with all delay slots filled by hand.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS64_ASM_H
#define ARCH_MIPS64_ASM_H

/* clang-format off */

        .set     noreorder
        .set     noat

/* \to: the global pointer, in a function that was called by its address in $25, as all are. */
.macro GLOBALS to, function
        lui      \to, %hi(%neg(%gp_rel(\function)))
        daddu    \to, \to, $25
        daddiu   \to, \to, %lo(%neg(%gp_rel(\function)))
.endm

/* Goes to \label where the CPU has no vectors. \scratch is the global pointer before. */
.macro UNLESS_VECTORS scratch, label
        ld       \scratch, %got_disp(arch_has_vectors)(\scratch)
        lbu      \scratch, 0(\scratch)
        beqz     \scratch, \label
        nop
.endm

/* The vectors' control word, for assemblers that are told of a CPU without vectors. */
.macro MSACSR to
        .set     push
        .set     mips64r5
        .set     msa
        cfcmsa   \to, $1
        .set     pop
.endm

.macro SET_MSACSR from
        .set     push
        .set     mips64r5
        .set     msa
        ctcmsa   $1, \from
        .set     pop
.endm

/* Control words as a fresh thread has them. */
.macro FRESH globals, scratch
        ctc1     $0, $31
        move     \scratch, \globals
        UNLESS_VECTORS \scratch, 97f
        SET_MSACSR $0
97:
.endm

/* clang-format on */

#endif
