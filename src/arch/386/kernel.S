/* A call of the kernel: long arch_system_call(long number, long a, long b, long c, long d, long e, long f).
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/386/kept.h"
#include "arch/asm.h"

FUNC(arch_system_call)
        PUSH_KEPT
        mov      20(%esp), %eax
        mov      24(%esp), %ebx
        mov      28(%esp), %ecx
        mov      32(%esp), %edx
        mov      36(%esp), %esi
        mov      40(%esp), %edi
        mov      44(%esp), %ebp
        int      $0x80
        POP_KEPT
        ret
END(arch_system_call)
