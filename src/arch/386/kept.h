/* The registers that a call keeps, on the stack: ebp highest, edi lowest. Included by assembly only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_386_KEPT_H
#define ARCH_386_KEPT_H

/* clang-format off */

.macro PUSH_KEPT
        .irp     register, ebp, ebx, esi, edi
        push     %\register
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset \register, 0
        .endr
.endm

.macro POP_KEPT
        .irp     register, edi, esi, ebx, ebp
        pop      %\register
        .cfi_adjust_cfa_offset -4
        .cfi_restore \register
        .endr
.endm

/* clang-format on */

#endif
