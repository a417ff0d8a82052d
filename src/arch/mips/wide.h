/* The part of wide.c that is assembly, and what an interrupt does about it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_MIPS_WIDE_H
#define ARCH_MIPS_WIDE_H

#include <stdbool.h>
#include <stdint.h>

/* What guards some of all words. lock: 0, or the thread pointer of who writes one of them. version: one more for each time. */
struct wide_guard {
    volatile uintptr_t lock;
    volatile uint32_t version;
};

/* Writes the two halves of new to *word, if nobody else is at it, and no word of this guard has been written since it had this
 * version. */
bool mips_wide_write(volatile uint32_t *word, struct wide_guard *guard, uint32_t version, const uint32_t new[2])
    __attribute__((visibility("hidden")));

/* The places in it, in this order: the lock may have been taken, is taken; the halves are being written; it is done; it will not be
 * done, the lock being taken, and being free. */
extern const char mips_wide_begins[], mips_wide_taken[], mips_wide_writes[], mips_wide_done[], mips_wide_gives_up[],
    mips_wide_ends[] __attribute__((visibility("hidden")));

/* For an interrupt that found the pc between begins and ends, with these registers: finishes it, or undoes it. Returns where the
 * interrupted code goes on. */
uintptr_t mips_wide_settle(uintptr_t pc, const unsigned long long registers[32]) __attribute__((visibility("hidden")));

#endif
