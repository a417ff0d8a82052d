/* What takes an instruction of its own: a call of the kernel, and the thread pointer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/syscall.h>

#include "arch/arch.h"

long arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}

uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("mv %0, tp" : "=r"(pointer));
    return pointer;
}

bool arch_thread_pointer_moves(void)
{
    return true;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    __asm__ volatile("mv tp, %0" : : "r"(pointer) : "memory");
}

bool arch_checks_returns(void)
{
    enum { GET_SHADOW_STACK_STATUS = 74, ENABLED = 1 };
    unsigned long status = 0;
    return arch_system_call(SYS_prctl, GET_SHADOW_STACK_STATUS, (long)&status, 0, 0, 0, 0) == 0 && (status & ENABLED);
}
