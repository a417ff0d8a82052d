/* Walking a stack where a frame pointer leads to a record, in which are the caller's frame pointer and where the function returns
 * to. Each record lies above the last one. A CPU's cpu.h has struct arch_record, ARCH_RECORD_AT if that is not 0, and
 * arch_record_sp: the caller's stack pointer once the function with that frame pointer has returned, or the least that it can be.
 *
 * In the first instructions of a function and in its last ones the frame pointer is the caller's: then the caller is missed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_RECORDS_H
#define ARCH_WALK_RECORDS_H

#include "arch/arch.h"

/* False: there can be none. */
static inline bool record_read(const struct arch_place *at, struct arch_record *record, arch_read *read, const void *argument)
{
    uintptr_t lies_at = at->fp + (uintptr_t)ARCH_RECORD_AT;
    return lies_at >= at->sp && lies_at % sizeof lies_at == 0 && read(argument, lies_at, record, sizeof *record);
}

static inline bool record_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    struct arch_record record;
    if (!record_read(at, &record, read, argument))
        return false;
    *at = (struct arch_place){.pc = arch_unsigned(record.pc) - 1, .sp = arch_record_sp(at->fp), .fp = record.fp};
    return true;
}

#endif
