/* What every .S file starts with: how a function begins and ends. Included by assembly only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* clang-format off */

/* Before and after a function: unwinders of 32-bit ARM have information of their own, and the other kind is for debuggers only. */
#ifdef __arm__
.syntax unified
.arm
.cfi_sections .debug_frame
#define UNWIND_BEGINS .fnstart
#define UNWIND_ENDS   .fnend
#else
#define UNWIND_BEGINS
#define UNWIND_ENDS
#endif

/* FUNC begins a function that only the library sees, with unwind information. END ends it. */
#if defined(__powerpc64__)
#include "arch/ppc64/asm.h"
#else
#define FUNC(name)            \
    .text;                    \
    .p2align 4;               \
    .globl name;              \
    .hidden name;             \
    .type name, %function;    \
name:                         \
    UNWIND_BEGINS;            \
    .cfi_startproc

#define END(name)             \
    .cfi_endproc;             \
    UNWIND_ENDS;              \
    .size name, . - name
#endif

/* PLACE is an address in it that C knows. */
#define PLACE(name) \
    .globl name;    \
    .hidden name;   \
name:

#if defined(__mips64)
#include "arch/mips64/asm.h"
#elif defined(__mips__)
#include "arch/mips/asm.h"
#endif

/* Without it the linker takes the file for one that needs an executable stack. */
.section .note.GNU-stack, "", %progbits

/* clang-format on */

#endif
