/* The vectors' status and control word, at four words that are aligned as a vector is: void arch_vscr(uint32_t *to: r3), and
 * void arch_set_vscr(const uint32_t *from: r3). They are called only where there are vectors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_vscr)
        mfvscr   %v0
        stvx     %v0, 0, %r3
        blr
END(arch_vscr)

FUNC(arch_set_vscr)
        lvx      %v0, 0, %r3
        mtvscr   %v0
        blr
END(arch_set_vscr)
