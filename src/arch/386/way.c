/* The way into the kernel. The one that there always was is an interrupt, which takes many times as long as a call by the CPU's own
 * instruction: where a hypervisor is asked about each, 15 us. That instruction comes out at one place only, in a few instructions
 * that the kernel maps into each process and tells the address of. These belong to whoever has called them, so for the library's
 * calls they are the library's text (arch_owner). What the kernel maps for handlers to return to takes the interrupt all the same,
 * so the library's own return to kernel.S.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "arch/386/way.h"
#include "arch/arch.h"
#include "base/sanitize.h"

extern const char arch_way_by_interrupt[] __attribute__((visibility("hidden")));
extern const char arch_goes_back_here[] __attribute__((visibility("hidden")));

uintptr_t arch_way_in __attribute__((visibility("hidden"))) = (uintptr_t)arch_way_by_interrupt;

/* push ecx, edx and ebp; two instructions of the CPU's kind, and the interrupt for one that has none; then pop them, and return. */
static const unsigned char begin[] = {0x51, 0x52, 0x55}, end[] = {0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3};
enum { OF_THE_CPU = 4, END_AT = sizeof begin + OF_THE_CPU, BYTES = END_AT + sizeof end };

/* How many words lie above the return address at each of them. */
static const unsigned char pushed[BYTES] = {0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 2, 1, 0};
enum { HAS_OTHER_FP = 5, HAS_FP_AGAIN = 10 };

/* What handlers return to, told why their signal came or not: a number in eax (which lay on the stack before), and the interrupt.
 */
static const unsigned char plain_back[] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80}, back[] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};
static uintptr_t plain_back_at, back_at; /* 0: not here */

static uintptr_t find(const ElfW(Phdr) * part, uintptr_t start, const unsigned char *code, size_t size)
{
    const unsigned char *from = (const unsigned char *)start + part->p_vaddr;
    const unsigned char *found = memmem(from, part->p_memsz, code, size);
    return (uintptr_t)found;
}

/* The kernel maps it as it would a shared object. */
static void find_ways_back(uintptr_t start)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)start;
    const ElfW(Phdr) *parts = start ? (const ElfW(Phdr) *)(start + header->e_phoff) : NULL;
    for (int i = 0; start && i < header->e_phnum; i++)
        if (parts[i].p_type == PT_LOAD && (parts[i].p_flags & PF_X)) {
            plain_back_at = find(&parts[i], start, plain_back, sizeof plain_back);
            back_at = find(&parts[i], start, back, sizeof back);
        }
}

void x86_find_way_in(void)
{
    const unsigned char *way = (const unsigned char *)getauxval(AT_SYSINFO);
    if (way && memcmp(way, begin, sizeof begin) == 0 && memcmp(way + END_AT, end, sizeof end) == 0)
        arch_way_in = (uintptr_t)way;
    find_ways_back(getauxval(AT_SYSINFO_EHDR));
}

uintptr_t arch_way_back(void)
{
    return arch_way_in == (uintptr_t)arch_way_by_interrupt ? 0 : (uintptr_t)arch_goes_back_here;
}

bool arch_frame_returns(const void *frame)
{
    uintptr_t pc = arch_frame_pc(frame);
    return pc - plain_back_at < sizeof plain_back || pc - back_at < sizeof back;
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
