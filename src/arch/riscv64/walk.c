/* Who called: by frame pointers. A function that calls nobody may have saved only that of its caller, right below where its own
 * points to, and has its return address in the register still.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/walk/interrupted.h"
#include "arch/walk/records.h"

/* Any more would be another function's. */
enum { PREEMPT_BYTES = 16 };

extern void arch_preempt(void) __attribute__((visibility("hidden")));

/* Whether a call would return to there: jal and jalr, with one of the two registers that tell a call, or c.jalr. */
static bool is_behind_call(uintptr_t pc, arch_read *read, const void *argument)
{
    uint32_t word;
    if (pc % 2 != 0 || !read(argument, pc - sizeof word, &word, sizeof word))
        return false;
    uint32_t half = word >> 16;
    bool links = (word & 0xf80) == 0x080 || (word & 0xf80) == 0x280;
    return (links && ((word & 0x7f) == 0x6f || (word & 0x707f) == 0x67)) || ((half & 0xf07f) == 0x9002 && half != 0x9002);
}

static bool find_caller_of_leaf(struct arch_place *at, arch_read *read, const void *argument)
{
    struct arch_record record;
    if (!record_read(at, &record, read, argument) || is_behind_call(record.pc, read, argument))
        return false;
    uintptr_t fp = record.pc;
    if (fp < at->fp || fp % sizeof fp != 0 || !is_behind_call(at->link, read, argument))
        return false;
    *at = (struct arch_place){.pc = at->link - 1, .sp = at->fp, .fp = fp};
    return true;
}

/* arch_preempt has its record at the lower end of the kernel's frame. */
bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    if (at->pc - (uintptr_t)arch_preempt < PREEMPT_BYTES)
        return arch_find_interrupted(at, at->fp + (uintptr_t)ARCH_RECORD_AT, read, argument);
    return (at->link && find_caller_of_leaf(at, read, argument)) || record_find_caller(at, read, argument);
}
