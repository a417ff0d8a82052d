/* What takes an instruction of its own: a call of the kernel, and the thread pointer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

long arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = a;
    register long r3 __asm__("r3") = b;
    register long r4 __asm__("r4") = c;
    register long r5 __asm__("r5") = d;
    register long r6 __asm__("r6") = e;
    register long r7 __asm__("r7") = f;
    __asm__ volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7) : "memory");
    return r2;
}

/* It lies in the access registers 0 and 1, the upper half in the first. They are read and written both at once, so that no handler
 * meets one half of a new one. */
uintptr_t arch_thread_pointer(void)
{
    uint32_t halves[2];
    __asm__ volatile("stam %%a0, %%a1, %0" : "=Q"(halves));
    return (uintptr_t)halves[0] << 32 | halves[1];
}

bool arch_thread_pointer_moves(void)
{
    return true;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    uint32_t halves[2] = {(uint32_t)(pointer >> 32), (uint32_t)pointer};
    __asm__ volatile("lam %%a0, %%a1, %0" : : "Q"(halves) : "memory");
}
