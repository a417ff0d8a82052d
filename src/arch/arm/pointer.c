/* The thread pointer: a register that user code can only read. Moving it takes a call of the kernel, one that does nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(pointer));
    return pointer;
}

bool arch_thread_pointer_moves(void)
{
    return true;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    arch_system_call(ARCH_POINTER_CALL, (long)pointer, 0, 0, 0, 0, 0);
}
