/* The thread pointer: a register that user code can only read. Moving it takes a call of the kernel, one that does nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* Kernels know the instruction for it with this register only, where the CPU does not know it. */
uintptr_t arch_thread_pointer(void)
{
    register uintptr_t pointer __asm__("$3");
    __asm__ volatile(".set push\n\t.set mips32r2\n\trdhwr %0, $29\n\t.set pop" : "=r"(pointer));
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
