/* What a frame pointer points to, on both x86 CPUs: where the caller's frame is, and where the function returns to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_X86_RECORD_H
#define ARCH_X86_RECORD_H

#include <stdint.h>

struct arch_record {
    uintptr_t fp, pc;
};

/* The caller's stack pointer once the function that the record at fp belongs to has returned. (arch/walk/records.h) */
static inline uintptr_t arch_record_sp(uintptr_t fp)
{
    return fp + sizeof(struct arch_record);
}

static inline uintptr_t arch_unsigned(uintptr_t pc)
{
    return pc;
}

#endif
