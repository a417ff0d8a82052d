/* For walks of a stack: what a frame of the kernel's has interrupted. A CPU's trap.c includes this instead of inject.h if its
 * walk.c needs it, with two macros more: SIG_LINK            (u) a word of the frame, the register of return addresses
 *   SIG_REGISTERS_END   where in a ucontext_t these words have ended
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_SIGRETURN_INTERRUPTED_H
#define ARCH_SIGRETURN_INTERRUPTED_H

#include "arch/sigreturn/inject.h"
#include "arch/walk/interrupted.h"

bool arch_find_interrupted(struct arch_place *at, uintptr_t base, arch_read *read, const void *argument)
{
    ucontext_t u;
    struct sig_record record;
    if (!read(argument, base + SIG_BASE, &u, SIG_REGISTERS_END))
        return false;
    struct arch_place found = {.pc = SIG_PC(&u), .sp = SIG_SP(&u), .fp = SIG_FP(&u), .link = SIG_LINK(&u)};
    if (found.pc == ARCH_CODE(arch_preempt)) {
        if (!read(argument, base + SIG_RECORD, &record, sizeof record))
            return false;
        found = (struct arch_place){.pc = record.pc, .sp = record.sp, .fp = record.fp, .link = found.link};
    }
    *at = found;
    return true;
}

#endif
