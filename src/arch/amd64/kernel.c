/* What takes an instruction of its own: a call of the kernel, and the thread pointer, which is the base of the segment fs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/auxv.h>

#include "arch/arch.h"

enum { HAS_FSGSBASE = 1 << 1 /* in AT_HWCAP2: a program may move the base by itself */, SET_FS = 0x1002 };

long arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The ABI has its first word point to itself. */
uintptr_t arch_thread_pointer(void)
{
    uintptr_t pointer;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

bool arch_thread_pointer_moves(void)
{
    return true;
}

void arch_set_thread_pointer(uintptr_t pointer)
{
    static uint8_t by_itself; /* 1: yes, 2: no */
    if (!by_itself)
        by_itself = (getauxval(AT_HWCAP2) & HAS_FSGSBASE) ? 1 : 2;
    if (by_itself == 1)
        __asm__ volatile("wrfsbase %0" : : "r"(pointer) : "memory");
    else
        arch_system_call(ARCH_POINTER_CALL, SET_FS, (long)pointer, 0, 0, 0, 0);
}
