/* What takes an instruction of its own: a call of the kernel, and the thread pointer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* An error comes as a positive number, and a word that is not 0 beside it. */
long arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long v0 __asm__("$2") = number;
    register long a0 __asm__("$4") = a;
    register long a1 __asm__("$5") = b;
    register long a2 __asm__("$6") = c;
    register long a3 __asm__("$7") = d;
    register long a4 __asm__("$8") = e;
    register long a5 __asm__("$9") = f;
    __asm__ volatile("syscall"
                     : "+r"(v0), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)
                     :
                     : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo", "memory");
    return a3 != 0 ? -v0 : v0;
}

/* A register that user code can only read. Where the CPU has none, the kernel knows this very instruction. */
uintptr_t arch_thread_pointer(void)
{
    register uintptr_t pointer __asm__("$3");
    __asm__ volatile(".set push\n\t.set mips64r2\n\trdhwr %0, $29\n\t.set pop" : "=r"(pointer));
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
