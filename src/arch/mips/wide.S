/* bool mips_wide_write(volatile uint32_t *word: a0, struct wide_guard *guard: a1, uint32_t version: a2, const uint32_t new[2]: a3).
 * See wide.c, which knows what is in which register when.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(mips_wide_write)
        .set     push
        .set     mips32r2
        rdhwr    $3, $29
        .set     pop
        lw       $8, 0($7)
        lw       $9, 4($7)
1:      ll       $2, 0($5)
        bnez     $2, mips_wide_ends
        move     $10, $3
        sc       $10, 0($5)
PLACE(mips_wide_begins)
        beqz     $10, 1b
        nop
PLACE(mips_wide_taken)
        sync
        lw       $10, 4($5)
        bne      $10, $6, mips_wide_gives_up
        addiu    $10, $6, 1
PLACE(mips_wide_writes)
        sw       $8, 0($4)
        sw       $9, 4($4)
        sync
        sw       $10, 4($5)
        sync
        sw       $0, 0($5)
PLACE(mips_wide_done)
        jr       $31
        li       $2, 1
PLACE(mips_wide_gives_up)
        sw       $0, 0($5)
PLACE(mips_wide_ends)
        jr       $31
        move     $2, $0
END(mips_wide_write)
