/* What lies at the upper end of a frame on both mips CPUs, as compilers lay out functions that have a frame pointer and keep no
 * floating-point register: where frames end, and so where callers' begin, only the code of a function tells.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_MIPS_RECORD_H
#define ARCH_WALK_MIPS_RECORD_H

#include <stdint.h>

struct arch_record {
    uintptr_t fp, pc;
};

/* Else, what it is most likely: the caller's stack pointer, since a function that has a frame pointer has the lower end of its
 * frame there. */
static inline uintptr_t mips_caller_fp(const void *cfa, const void *caller)
{
    const struct arch_record *record = (const struct arch_record *)cfa - 1;
    return record->pc == (uintptr_t)caller ? record->fp : (uintptr_t)cfa;
}
#define ARCH_CALLER_FP(frame, cfa, caller) mips_caller_fp(cfa, caller)

#endif
