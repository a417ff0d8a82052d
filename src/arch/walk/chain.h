/* Walking a stack where the word at the stack pointer is the caller's stack pointer, and where a function returns to lies in the
 * frame of its caller.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_CHAIN_H
#define ARCH_WALK_CHAIN_H

#include "arch/arch.h"

static inline bool chain_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    struct arch_record record;
    uintptr_t sp;
    if (!read(argument, at->sp, &sp, sizeof sp) || sp <= at->sp || sp % sizeof sp != 0 ||
        !read(argument, sp, &record, sizeof record))
        return false;
    *at = (struct arch_place){.pc = arch_unsigned(record.pc) - 1, .sp = sp, .fp = sp};
    return true;
}

#endif
