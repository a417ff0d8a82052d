/* What arch/asm.h has for the other CPUs: a function's symbol stands at its first instruction (ELFv2), or at a descriptor (ELFv1).
 * And the names of registers, which this assembler does not know by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_PPC64_ASM_H
#define ARCH_PPC64_ASM_H

/* clang-format off */

/* What CPUs without vectors do not know is behind a question, below. */
        .machine push
        .machine "power8"

#if _CALL_ELF == 2

        .abiversion 2

#define FUNC(name)            \
    .text;                    \
    .p2align 4;               \
    .globl name;              \
    .hidden name;             \
    .type name, %function;    \
name:                         \
    .cfi_startproc

#else

#define FUNC(name)            \
    .section ".opd", "aw";    \
    .p2align 3;               \
    .globl name;              \
    .hidden name;             \
    .type name, %function;    \
name:                         \
    .quad .L.name, .TOC.@tocbase, 0; \
    .text;                    \
    .p2align 4;               \
.L.name:                      \
    .cfi_startproc

#endif

#define END(name)             \
    .cfi_endproc;             \
    .size name, . - BODY(name)

#if _CALL_ELF == 2
#define BODY(name) name
#else
#define BODY(name) .L.name
#endif

/* Calls a function of C from where r2 may be anybody's. \name is one of the library's. */
#if _CALL_ELF == 2
.macro CALL name
        bcl      20, 31, 99f
99:     mflr     %r12
        addis    %r12, %r12, \name - 99b@ha
        addi     %r12, %r12, \name - 99b@l
        mtctr    %r12
        bctrl
.endm
#else
.macro CALL name
        bcl      20, 31, 99f
99:     mflr     %r12
        addis    %r12, %r12, \name - 99b@ha
        addi     %r12, %r12, \name - 99b@l
        ld       %r2, 8(%r12)
        ld       %r12, 0(%r12)
        mtctr    %r12
        bctrl
.endm
#endif

/* Calls the function that a register points to, and keeps r2. */
#if _CALL_ELF == 2
.macro CALL_POINTER pointer
        mr       %r12, \pointer
        mtctr    %r12
        std      %r2, 24(%r1)
        bctrl
        ld       %r2, 24(%r1)
.endm
#else
.macro CALL_POINTER pointer
        ld       %r12, 0(\pointer)
        std      %r2, 40(%r1)
        ld       %r11, 16(\pointer)
        ld       %r2, 8(\pointer)
        mtctr    %r12
        bctrl
        ld       %r2, 40(%r1)
.endm
#endif

/* Goes to \label where the CPU has no vectors; asks only in code for CPUs of which some have none. Changes cr0. */
#ifdef __ALTIVEC__
.macro UNLESS_VECTORS scratch, label
.endm
#else
.macro UNLESS_VECTORS scratch, label
        addis    \scratch, %r2, arch_has_vectors@toc@ha
        lbz      \scratch, arch_has_vectors@toc@l(\scratch)
        cmpwi    \scratch, 0
        beq      \label
.endm
#endif

/* clang-format on */

#endif
