/* The code that is preempted at each of its instructions, on amd64. A function gets 4 KB of random bytes, aligned to 64, and keeps
 * what the ABI says. It lies between its name and name_end and jumps nowhere else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_AMD64_H
#define TESTS_REGISTERS_FUNCTIONS_AMD64_H

#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(flags, 0)                                                                                                                    \
    X(red_zone, 0)                                                                                                                 \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(x87, 0)                                                                                                                      \
    X(sse, 0)                                                                                                                      \
    X(avx, 2)                                                                                                                      \
    X(avx512, 5)                                                                                                                   \
    X(kernel, 0)

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            #name ":\n" __VA_ARGS__ #name "_end:\n")

#define ALL "rax, rcx, rdx, rbx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15"
#define PUSH_KEPT "        .irp r, rbx, rbp, r12, r13, r14, r15; push %\\r; .endr\n"
#define POP_KEPT  "        .irp r, r15, r14, r13, r12, rbp, rbx; pop %\\r; .endr\n"

/* Every register different, then arithmetic in which carry, overflow, zero, sign, parity and adjust live from one instruction to
 * the next. */
FUNCTION(integers,
    PUSH_KEPT
    "        .set i, 0\n"
    "        .irp r, " ALL "; mov i * 8(%rdi), %\\r; .set i, i + 1; .endr\n"
    "        add %rbx, %rax; adc %rcx, %rdx; sbb %rsi, %rbp; adc %r8, %r9; sbb %r10, %r11; adc %r12, %r13; sbb %r14, %r15\n"
    "        rcl $3, %rax; rcr $5, %rbx; inc %rcx; adc $0, %rdx; dec %rbp; sbb $7, %rsi; neg %r8; adc %rax, %r8\n"
    "        cmp %r9, %r10; setc %al; setl %ah; cmovo %r11, %r12; cmovs %r13, %r14; cmovp %r15, %rbx; lahf; sahf\n"
    "        mul %rcx; imul %rsi, %r9; adc $1, %r10; xadd %r11, %r12; cmpxchg %r13, %r14; bswap %r15; xchg %rbx, %rbp\n"
    "        bt $5, %rax; rcl $1, %rdx; bsf %rcx, %rsi; shld $9, %r8, %r9; shrd %cl, %r10, %r11\n"
    "        mov $1000003, %ecx; xor %edx, %edx; div %rcx; test %rdx, %rdx; jz 1f; add %rdx, %rax\n"
    "1:      movabs $0x8123456789abcdef, %r8; add %r8, %r8; jnc 2f; adc $0, %rax\n"
    "2:      .irp r, rcx, rdx, rbx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15; xor %\\r, %rax; .endr\n"
    POP_KEPT
    "        ret\n");

/* All flags at once: direction down, alignment checks, identification; string instructions that go down and up. */
FUNCTION(flags,
    "        mov %rsp, %r8; and $-16, %rsp\n"
    "        push $0x240cd7; popfq; jc 1f; ud2\n"
    "1:      mov $5, %eax; lea 64(%rdi), %rsi; lea 256(%rdi), %rdi; mov $4, %ecx; rep movsq; lodsq; stosq\n"
    "        cmc; stc; jc 2f; ud2\n"
    "2:      cld; lodsq; scasq; cmpsb; mov $3, %ecx; repne scasb; mov $3, %ecx; repe cmpsb; std; lahf; cld; sahf\n"
    "        push $0x200a83; popfq; jo 3f; ud2\n"
    "3:      seto %al; setc %cl; sets %dl; setz %r9b; setp %r10b; pushfq; andl $~0x100, (%rsp); pop %r11\n"
    "        push $0x202; popfq; mov %r8, %rsp; ret\n");

/* 128 bytes below a stack pointer that stands still. */
FUNCTION(red_zone,
    "        .set i, 0; .rept 16; mov i * 8(%rdi), %rax; mov %rax, -8 - i * 8(%rsp); .set i, i + 1; .endr\n"
    "        xor %eax, %eax; mov $16, %ecx; lea -128(%rsp), %rdx\n"
    "1:      add (%rdx), %rax; adcq $0, (%rdx); lea 8(%rdx), %rdx; dec %ecx; jnz 1b\n"
    "        .set i, 0; .rept 16; xor -8 - i * 8(%rsp), %rax; .set i, i + 1; .endr\n"
    "        ret\n");

/* A stack pointer at every offset, calls, frames. */
FUNCTION(stack,
    "        push %rbp; mov %rsp, %rbp; mov %rdi, %rax\n"
    "        .rept 17; push %rax; lea -1(%rsp), %rsp; movb $1, (%rsp); .endr\n"
    "        .rept 5; lea -13(%rsp), %rsp; push %rsp; pop %rax; .endr\n"
    "        mov %rbp, %rsp; enter $48, $0; mov %rax, -8(%rbp); call 1f; leave; jmp 2f\n"
    "1:      push %rbx; mov %rsp, %rbx; call 3f; mov %rbx, %rsp; pop %rbx; ret\n"
    "3:      add $1, %rax; pushq $3; addq $5, (%rsp); pop %rcx; add %rcx, %rax; ret $0\n"
    "2:      pop %rbp; ret\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT
    "        mov 0(%rdi), %rbx; mov 8(%rdi), %rbp; mov 16(%rdi), %r12; mov 24(%rdi), %r13; mov 32(%rdi), %r14; mov 40(%rdi), %r15\n"
    "        .rept 4\n"
    "        add %rbx, %rbp; rol $7, %r12; xor %rbp, %r13; sub %r13, %r14; imul $33, %r15, %rbx; xor %r14, %r12; lea (%r15, %r12, 2), %r15\n"
    "        .endr\n"
    "        mov %rbx, %rax; xor %rbp, %rax; xor %r12, %rax; xor %r13, %rax; xor %r14, %rax; xor %r15, %rax\n"
    POP_KEPT
    "        ret\n");

/* A full stack, odd control words, raised exceptions. */
FUNCTION(x87,
    "        fninit; movw $0x0c7f, -2(%rsp); fldcw -2(%rsp)\n"
    "        fld1; fldpi; fldl2e; fldlg2; fldln2; fldl2t; fildl (%rdi); fildl 4(%rdi)\n"
    "        fadd %st(3), %st; fxch %st(5); fmul %st(1), %st; fsubr %st, %st(2); fdivrp %st, %st(1); fsqrt; fchs; fxam\n"
    "        fnstsw %ax; fcomi %st(2), %st; fcmovb %st(3), %st; movw $0x077f, -2(%rsp); fldcw -2(%rsp)\n"
    "        fldz; fld1; fdivp %st, %st(1); fld1; fldz; fdivrp %st, %st(1); fnstsw %ax; frndint; fscale; fprem; f2xm1\n"
    "        ffree %st(3); fincstp; fdecstp; fistpll -16(%rsp); fstpt -32(%rsp); fnclex\n"
    "        movw $0x037f, -2(%rsp); fldcw -2(%rsp); fninit; ret\n");

/* Flush to zero, denormals as zero, rounding down, raised exceptions; all sixteen registers. */
FUNCTION(sse,
    "        movl $0xbfe0, -4(%rsp); ldmxcsr -4(%rsp)\n"
    "        .set i, 0; .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; movups i * 16(%rdi), %xmm\\n; .set i, i + 1; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,7; paddq %xmm8, %xmm\\n; pshufd $0x93, %xmm\\n, %xmm9; pxor %xmm9, %xmm10; .endr\n"
    "        cvtsi2sd %rdi, %xmm0; cvtsi2sd %rsp, %xmm1; divsd %xmm1, %xmm0; sqrtsd %xmm0, %xmm2; addsd %xmm2, %xmm3; mulps %xmm4, %xmm5\n"
    "        stmxcsr -8(%rsp); ucomisd %xmm0, %xmm1; seta %al; cmpltps %xmm6, %xmm7; movmskps %xmm7, %ecx; cvtsd2si %xmm0, %rdx\n"
    "        movl $0x5f80, -4(%rsp); ldmxcsr -4(%rsp); divsd %xmm1, %xmm0; movq %xmm0, %rax\n"
    "        movl $0x1f80, -4(%rsp); ldmxcsr -4(%rsp); ret\n");

FUNCTION(avx,
    "        .set i, 0; .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; vmovups i * 32(%rdi), %ymm\\n; .set i, i + 1; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,7; vxorps %ymm8, %ymm\\n, %ymm\\n; vperm2f128 $0x21, %ymm9, %ymm\\n, %ymm9; .endr\n"
    "        vextractf128 $1, %ymm9, %xmm0; vaddpd %ymm1, %ymm2, %ymm3; vblendps $0x5a, %ymm4, %ymm5, %ymm6; vptest %ymm6, %ymm3; setc %al\n"
    "        movapd %xmm3, %xmm1; vmovups %ymm6, 1024(%rdi); vzeroupper; paddd %xmm1, %xmm2; vmovups 1024(%rdi), %ymm7; vzeroall; ret\n");

FUNCTION(avx512,
    "        .set i, 0\n"
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        vmovdqu64 i * 64(%rdi), %zmm\\n; .set i, i + 1\n"
    "        .endr\n"
    "        .set i, 0; .irp n, 0,1,2,3,4,5,6,7; kmovw i * 2(%rdi), %k\\n; .set i, i + 1; .endr\n"
    "        .irp n, 1,2,3,4,5,6,7; vpaddq %zmm\\n, %zmm16, %zmm16{%k\\n}; vpermq %zmm17, %zmm18, %zmm\\n{%k\\n}{z}; kxorw %k\\n, %k0, %k0; .endr\n"
    "        vpcmpeqd %zmm20, %zmm21, %k1; kortestw %k1, %k0; setc %al; kmovw %k0, %ecx; vpternlogd $0x96, %zmm22, %zmm23, %zmm24\n"
    "        vextracti64x4 $1, %zmm24, %ymm31; vaddpd {rz-sae}, %zmm1, %zmm2, %zmm3; vmovdqa64 %zmm31, %zmm0; vzeroupper; ret\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    PUSH_KEPT
    "        mov $39, %eax; mov $7, %ecx; mov $8, %r11d; syscall; mov %eax, %ebx; mov $24, %eax; syscall; add %rbx, %rax; add %rcx, %rax\n"
    POP_KEPT
    "        ret\n");
/* clang-format on */

#endif
