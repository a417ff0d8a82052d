/* The code that is preempted at each of its instructions, on the 386. A function gets 4 KB of random bytes, aligned to 64, at
 * 4(%esp), and keeps what the ABI says. It lies between its name and name_end and jumps nowhere else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_386_H
#define TESTS_REGISTERS_FUNCTIONS_386_H

#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(flags, 0)                                                                                                                    \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(x87, 0)                                                                                                                      \
    X(sse, 1)                                                                                                                      \
    X(avx, 2)                                                                                                                      \
    X(avx512, 5)                                                                                                                   \
    X(kernel, 0)

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            #name ":\n" __VA_ARGS__ #name "_end:\n")

#define PUSH_KEPT "        .irp r, ebx, ebp, esi, edi; push %\\r; .endr\n"
#define POP_KEPT  "        .irp r, edi, esi, ebp, ebx; pop %\\r; .endr\n"

/* Every register different, then arithmetic in which carry, overflow, zero, sign, parity and adjust live from one instruction to
 * the next. */
FUNCTION(integers,
    PUSH_KEPT
    "        mov 20(%esp), %edi; .set i, 0; .irp r, eax, ecx, edx, ebx, ebp, esi, edi; mov i * 4(%edi), %\\r; .set i, i + 1; .endr\n"
    "        add %ebx, %eax; adc %ecx, %edx; sbb %esi, %ebp; adc %edi, %ebx; rcl $3, %eax; rcr $5, %ebx; inc %ecx; adc $0, %edx\n"
    "        dec %ebp; sbb $7, %esi; neg %edi; adc %eax, %edi; cmp %ecx, %edx; setc %al; setl %ah; cmovo %ebx, %ebp; cmovs %esi, %edi\n"
    "        lahf; sahf; mul %ecx; imul %esi, %edi; adc $1, %ebx; xadd %ebp, %esi; cmpxchg %edi, %ebx; bswap %ebp; xchg %esi, %edi\n"
    "        bt $5, %eax; rcl $1, %edx; bsf %ecx, %esi; shld $9, %ebx, %ebp; shrd %cl, %esi, %edi; daa; aaa; das; aad; aam\n"
    "        mov $10007, %ecx; xor %edx, %edx; div %ecx; test %edx, %edx; jz 1f; add %edx, %eax\n"
    "1:      add $0x89abcdef, %ebx; jnc 2f; adc $0, %eax\n"
    "2:      .irp r, ecx, edx, ebx, ebp, esi, edi; xor %\\r, %eax; .endr\n"
    POP_KEPT
    "        ret\n");

/* All flags at once: direction down, alignment checks, identification; string instructions that go down and up. */
FUNCTION(flags,
    PUSH_KEPT
    "        mov 20(%esp), %ebx; mov %esp, %ebp; and $-16, %esp\n"
    "        push $0x240cd7; popfl; jc 1f; ud2\n"
    "1:      mov $5, %eax; lea 64(%ebx), %esi; lea 256(%ebx), %edi; mov $4, %ecx; rep movsl; lodsl; stosl\n"
    "        cmc; stc; jc 2f; ud2\n"
    "2:      cld; lodsl; scasl; cmpsb; mov $3, %ecx; repne scasb; mov $3, %ecx; repe cmpsb; std; lahf; cld; sahf\n"
    "        push $0x200a83; popfl; jo 3f; ud2\n"
    "3:      seto %al; setc %cl; sets %dl; setz %bl; setp %bh; pushfl; andl $~0x100, (%esp); pop %esi\n"
    "        push $0x202; popfl; mov %ebp, %esp\n"
    POP_KEPT
    "        ret\n");

/* A stack pointer at every offset, calls, frames. */
FUNCTION(stack,
    "        mov 4(%esp), %eax; push %ebp; mov %esp, %ebp\n"
    "        .rept 17; push %eax; lea -1(%esp), %esp; movb $1, (%esp); .endr\n"
    "        .rept 5; lea -13(%esp), %esp; push %esp; pop %eax; .endr\n"
    "        pusha; popa; mov %ebp, %esp; enter $48, $0; mov %eax, -8(%ebp); call 1f; leave; jmp 2f\n"
    "1:      push %ebx; mov %esp, %ebx; call 3f; mov %ebx, %esp; pop %ebx; ret\n"
    "3:      add $1, %eax; push $3; addl $5, (%esp); pop %ecx; add %ecx, %eax; ret $0\n"
    "2:      pop %ebp; ret\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT
    "        mov 20(%esp), %eax; mov 0(%eax), %ebx; mov 8(%eax), %ebp; mov 16(%eax), %esi; mov 24(%eax), %edi\n"
    "        .rept 4; add %ebx, %ebp; rol $7, %esi; xor %ebp, %edi; sub %edi, %esi; imul $33, %edi, %ebx; lea (%ebp, %esi, 2), %ebp; .endr\n"
    "        mov %ebx, %eax; xor %ebp, %eax; xor %esi, %eax; xor %edi, %eax\n"
    POP_KEPT
    "        ret\n");

/* A full stack, odd control words, raised exceptions. */
FUNCTION(x87,
    "        mov 4(%esp), %edx; sub $32, %esp; fninit; movw $0x0c7f, (%esp); fldcw (%esp)\n"
    "        fld1; fldpi; fldl2e; fldlg2; fldln2; fldl2t; fildl (%edx); fildl 4(%edx)\n"
    "        fadd %st(3), %st; fxch %st(5); fmul %st(1), %st; fsubr %st, %st(2); fdivrp %st, %st(1); fsqrt; fchs; fxam\n"
    "        fnstsw %ax; fcomi %st(2), %st; fcmovb %st(3), %st; movw $0x077f, (%esp); fldcw (%esp)\n"
    "        fldz; fld1; fdivp %st, %st(1); fld1; fldz; fdivrp %st, %st(1); fnstsw %ax; frndint; fscale; fprem; f2xm1\n"
    "        ffree %st(3); fincstp; fdecstp; fistpll 8(%esp); fstpt 16(%esp); fnclex\n"
    "        movw $0x037f, (%esp); fldcw (%esp); fninit; add $32, %esp; ret\n");

/* Flush to zero, denormals as zero, rounding down, raised exceptions; all eight registers. */
FUNCTION(sse,
    "        mov 4(%esp), %edx; sub $16, %esp; movl $0xbfe0, (%esp); ldmxcsr (%esp)\n"
    "        .set i, 0; .irp n, 0,1,2,3,4,5,6,7; movups i * 16(%edx), %xmm\\n; .set i, i + 1; .endr\n"
    "        .irp n, 0,1,2,3,4,5; paddq %xmm7, %xmm\\n; pshufd $0x93, %xmm\\n, %xmm6; pxor %xmm6, %xmm7; .endr\n"
    "        cvtsi2sd %edx, %xmm0; cvtsi2sd %esp, %xmm1; divsd %xmm1, %xmm0; sqrtsd %xmm0, %xmm2; addsd %xmm2, %xmm3; mulps %xmm4, %xmm5\n"
    "        stmxcsr 8(%esp); ucomisd %xmm0, %xmm1; seta %al; cmpltps %xmm6, %xmm7; movmskps %xmm7, %ecx; cvtsd2si %xmm0, %ecx\n"
    "        movl $0x5f80, (%esp); ldmxcsr (%esp); divsd %xmm1, %xmm0; movd %xmm0, %eax\n"
    "        movl $0x1f80, (%esp); ldmxcsr (%esp); add $16, %esp; ret\n");

FUNCTION(avx,
    "        mov 4(%esp), %edx; .set i, 0; .irp n, 0,1,2,3,4,5,6,7; vmovups i * 32(%edx), %ymm\\n; .set i, i + 1; .endr\n"
    "        .irp n, 0,1,2,3,4,5; vxorps %ymm7, %ymm\\n, %ymm\\n; vperm2f128 $0x21, %ymm6, %ymm\\n, %ymm6; .endr\n"
    "        vextractf128 $1, %ymm6, %xmm0; vaddpd %ymm1, %ymm2, %ymm3; vblendps $0x5a, %ymm4, %ymm5, %ymm6; vptest %ymm6, %ymm3; setc %al\n"
    "        movapd %xmm3, %xmm1; vmovups %ymm6, 1024(%edx); vzeroupper; paddd %xmm1, %xmm2; vmovups 1024(%edx), %ymm7; vzeroall; ret\n");

FUNCTION(avx512,
    "        mov 4(%esp), %edx; .set i, 0; .irp n, 0,1,2,3,4,5,6,7; vmovdqu64 i * 64(%edx), %zmm\\n; .set i, i + 1; .endr\n"
    "        .set i, 0; .irp n, 0,1,2,3,4,5,6,7; kmovw i * 2(%edx), %k\\n; .set i, i + 1; .endr\n"
    "        .irp n, 1,2,3,4,5,6,7; vpaddq %zmm\\n, %zmm0, %zmm0{%k\\n}; vpermq %zmm7, %zmm6, %zmm\\n{%k\\n}{z}; kxorw %k\\n, %k0, %k0; .endr\n"
    "        vpcmpeqd %zmm2, %zmm1, %k1; kortestw %k1, %k0; setc %al; kmovw %k0, %ecx; vpternlogd $0x96, %zmm2, %zmm3, %zmm4\n"
    "        vextracti64x4 $1, %zmm4, %ymm5; vaddpd {rz-sae}, %zmm1, %zmm2, %zmm3; vmovdqa64 %zmm5, %zmm0; vzeroupper; ret\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    PUSH_KEPT
    "        mov $20, %eax; mov $7, %ecx; mov $8, %edx; int $0x80; mov %eax, %ebx; mov $158, %eax; int $0x80; add %ebx, %eax\n"
    POP_KEPT
    "        ret\n");
/* clang-format on */

#endif
