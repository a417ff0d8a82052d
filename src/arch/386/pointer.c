/* The thread pointer: the base of the segment gs, which only the kernel can move.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* The ABI has its first word point to itself. */
uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("movl %%gs:0, %0" : "=r"(pointer));
    return pointer;
}

bool arch_thread_pointer_moves(void)
{
    return false;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    (void)pointer;
}
