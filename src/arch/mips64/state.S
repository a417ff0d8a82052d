/* The vectors' control and status word, uint32_t arch_msacsr(void) and void arch_set_msacsr(uint32_t value: $4); and
 * bool arch_msa_in_use(void). They are called only where there are vectors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/asm.h"

FUNC(arch_msacsr)
        MSACSR   $2
        jr       $31
        nop
END(arch_msacsr)

/* Which exceptions there have been last, is not written: it would trap once more. */
FUNC(arch_set_msacsr)
        lui      $8, 0xfffc
        ori      $8, $8, 0x0fff
        and      $4, $4, $8
        SET_MSACSR $4
        jr       $31
        nop
END(arch_set_msacsr)

/* The lower halves are the floating-point registers. */
FUNC(arch_msa_in_use)
        MSACSR   $2
        .set     push
        .set     mips64r5
        .set     msa
        .irp     n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        copy_s.d $3, $w\n[1]
        or       $2, $2, $3
        .endr
        .set     pop
        jr       $31
        sltu     $2, $0, $2
END(arch_msa_in_use)
