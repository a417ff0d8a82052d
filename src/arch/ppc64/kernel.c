/* What takes an instruction of its own: a call of the kernel, and the thread pointer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

/* An error comes as a positive number, and the summary overflow of cr0. */
long arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    register long r6 __asm__("r6") = d;
    register long r7 __asm__("r7") = e;
    register long r8 __asm__("r8") = f;
    __asm__ volatile("sc\n\tbns+ 1f\n\tneg 3, 3\n1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
                     :
                     : "r9", "r10", "r11", "r12", "cr0", "cr1", "cr5", "cr6", "cr7", "ctr", "xer", "memory");
    return r3;
}

uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("mr %0, 13" : "=r"(pointer));
    return pointer;
}

bool arch_thread_pointer_moves(void)
{
    return true;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    __asm__ volatile("mr 13, %0" : : "r"(pointer) : "memory");
}
