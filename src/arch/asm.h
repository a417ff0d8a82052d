/* What every .S file starts with: how a function begins and ends. Included by assembly only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* clang-format off */

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
    .cfi_startproc

#define END(name)             \
    .cfi_endproc;             \
    .size name, . - name
#endif

/* PLACE is an address in it that C knows. */
#define PLACE(name) \
    .globl name;    \
    .hidden name;   \
name:

/* Without it the linker takes the file for one that needs an executable stack. */
.section .note.GNU-stack, "", %progbits

/* clang-format on */

#endif
