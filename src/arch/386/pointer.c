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

enum { GET_THREAD_AREA = 244 };
enum { LIMIT = 0xfffff, OF_32_BITS = 1 << 0, IN_PAGES = 1 << 4, USEABLE = 1 << 6 };
enum { IN_LOCAL_TABLE = 4, NUMBER_SHIFT = 3 };

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

bool arch_thread_pointer_moves(void)
{
    uint16_t gs = selector();
    struct segment now = {.number = gs >> NUMBER_SHIFT};
    return !(gs & IN_LOCAL_TABLE) && arch_system_call(GET_THREAD_AREA, (long)&now, 0, 0, 0, 0, 0) == 0 &&
           now.base == arch_thread_pointer();
}

/* Not every kernel loads the register anew when its entry changes. */
void arch_set_thread_pointer(uintptr_t pointer)
{
    uint16_t gs = selector();
    struct segment wanted = {gs >> NUMBER_SHIFT, pointer, LIMIT, OF_32_BITS | IN_PAGES | USEABLE};
    arch_system_call(ARCH_POINTER_CALL, (long)&wanted, 0, 0, 0, 0, 0);
    __asm__ volatile("movw %0, %%gs" : : "r"(gs) : "memory");
}
