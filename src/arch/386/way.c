/* The way into the kernel. The one that there always was is an interrupt, which takes many times as long as a call by the CPU's own
 * instruction: where a hypervisor is asked about each, 15 us. That instruction comes out at one place only, in a few instructions
 * that the kernel maps into each process and tells the address of. These belong to whoever has called them, so for the library's
 * calls they are the library's text (arch_owner).
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <sys/auxv.h>

#include "arch/386/way.h"
#include "arch/arch.h"
#include "base/sanitize.h"

extern const char arch_way_by_interrupt[] __attribute__((visibility("hidden")));

uintptr_t arch_way_in __attribute__((visibility("hidden"))) = (uintptr_t)arch_way_by_interrupt;

/* push ecx, edx and ebp; two instructions of the CPU's kind, and the interrupt for one that has none; then pop them, and return. */
static const unsigned char begin[] = {0x51, 0x52, 0x55}, end[] = {0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3};
enum { OF_THE_CPU = 4, END_AT = sizeof begin + OF_THE_CPU, BYTES = END_AT + sizeof end };

/* How many words lie above the return address at each of them. */
static const unsigned char pushed[BYTES] = {0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 2, 1, 0};
enum { HAS_OTHER_FP = 5, HAS_FP_AGAIN = 10 };

void x86_find_way_in(void)
{
    const unsigned char *way = (const unsigned char *)getauxval(AT_SYSINFO);
    if (way && memcmp(way, begin, sizeof begin) == 0 && memcmp(way + END_AT, end, sizeof end) == 0)
        arch_way_in = (uintptr_t)way;
}

READS_ANYTHING uintptr_t arch_owner(uintptr_t pc, uintptr_t sp, uintptr_t high)
{
    uintptr_t at = pc - arch_way_in;
    if (at >= BYTES || arch_way_in == (uintptr_t)arch_way_by_interrupt)
        return pc;
    const uintptr_t *lies = (const uintptr_t *)sp + pushed[at];
    return (uintptr_t)lies < high ? *lies : pc;
}

READS_ANYTHING uintptr_t x86_way_fp(uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
    uintptr_t at = pc - arch_way_in;
    return at >= HAS_OTHER_FP && at < HAS_FP_AGAIN && arch_way_in != (uintptr_t)arch_way_by_interrupt ? *(const uintptr_t *)sp : fp;
}
