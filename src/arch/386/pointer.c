/* The thread pointer: the base of the segment gs. Each thread has its own entry for that in the kernel's table, at the same place
 * in all threads of a program, so that a frame, which says the place only, is good on any of them. Moving the base takes a call of
 * the kernel.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* The kernel's struct user_desc. */
struct segment {
    uint32_t number, base, limit, flags;
};

enum { GET_THREAD_AREA = 244, ANY = -1 };
enum { LIMIT = 0xfffff, OF_32_BITS = 1 << 0, READ_ONLY = 1 << 3, IN_PAGES = 1 << 4, NOT_PRESENT = 1 << 5, USEABLE = 1 << 6 };
enum { IN_LOCAL_TABLE = 4, NUMBER_SHIFT = 3, OF_USER = 3 };

/* The ABI has its first word point to itself. */
uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("movl %%gs:0, %0" : "=r"(pointer));
    return pointer;
}

static uint16_t selector(void)
{
    uint16_t value;
    __asm__ volatile("movw %%gs, %0" : "=r"(value));
    return value;
}

static bool set(struct segment *s, const void *base)
{
    s->base = (uintptr_t)base;
    return arch_system_call(ARCH_POINTER_CALL, (long)s, 0, 0, 0, 0, 0) == 0;
}

/* Whether a thread that has its entry changed has the new base when the call returns. A kernel before 4.14 leaves the old one in
 * the register, and an emulator has one table for all threads, so that nobody may load the register again: there it can not be
 * moved. Found out with fs and an entry that nobody uses. */
static bool follows(void)
{
    static const uint32_t words[2] = {1, 2};
    struct segment s = {.number = (uint32_t)ANY, .limit = LIMIT, .flags = OF_32_BITS | IN_PAGES | USEABLE};
    uint32_t first, second;
    uint16_t before;
    if (!set(&s, &words[0]))
        return false;
    __asm__ volatile("movw %%fs, %0" : "=r"(before));
    __asm__ volatile("movw %w1, %%fs\n\tmovl %%fs:0, %0" : "=r"(first) : "r"(s.number << NUMBER_SHIFT | OF_USER));
    set(&s, &words[1]);
    __asm__ volatile("movl %%fs:0, %0\n\tmovw %1, %%fs" : "=&r"(second) : "r"(before));
    s = (struct segment){.number = s.number, .flags = READ_ONLY | NOT_PRESENT}; /* which frees it */
    set(&s, NULL);
    return first == words[0] && second == words[1];
}

bool arch_thread_pointer_moves(void)
{
    uint16_t gs = selector();
    struct segment now = {.number = gs >> NUMBER_SHIFT};
    return !(gs & IN_LOCAL_TABLE) && arch_system_call(GET_THREAD_AREA, (long)&now, 0, 0, 0, 0, 0) == 0 &&
           now.base == arch_thread_pointer() && follows();
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    struct segment wanted = {.number = selector() >> NUMBER_SHIFT, .limit = LIMIT, .flags = OF_32_BITS | IN_PAGES | USEABLE};
    set(&wanted, (const void *)pointer);
}
