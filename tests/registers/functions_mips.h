/* The code that is preempted at each of its instructions, on mips. A function gets 4 KB of random bytes, aligned to 64, and keeps
 * what the ABI says. It lies between its name and name_end, jumps nowhere else, reads no word of itself, and has no pair of load
 * linked and store conditional, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_MIPS_H
#define TESTS_REGISTERS_FUNCTIONS_MIPS_H

/* 1: only where there is DSP; 2: only where floating-point registers have 64 bits each. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(memory, 0)                                                                                                                   \
    X(slots, 0)                                                                                                                    \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(products, 0)                                                                                                                 \
    X(floats, 0)                                                                                                                   \
    X(singles, 0)                                                                                                                  \
    X(wide_floats, 2)                                                                                                              \
    X(accumulators, 1)                                                                                                             \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    return feature == 0 || (feature == 1 ? mips_dsp() : mips_fr());
}

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .set push; .set noreorder; .set noat; .set nomacro; .set dsp; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            "        .type " #name ", @function\n" #name ":\n" __VA_ARGS__ #name "_end: .set pop\n")

#define PUSH_KEPT \
    "        addiu $sp, $sp, -40; sw $31, 36($sp); sw $30, 32($sp); .irp n, 0,1,2,3,4,5,6,7; sw $s\\n, (\\n * 4)($sp); .endr\n"
#define POP_KEPT \
    "        lw $31, 36($sp); lw $30, 32($sp); .irp n, 0,1,2,3,4,5,6,7; lw $s\\n, (\\n * 4)($sp); .endr; addiu $sp, $sp, 40\n"
#define PUSH_FLOATS \
    "        addiu $sp, $sp, -48; .irp n, 20,22,24,26,28,30; sdc1 $f\\n, ((\\n - 20) * 4)($sp); .endr\n"
#define POP_FLOATS \
    "        .irp n, 20,22,24,26,28,30; ldc1 $f\\n, ((\\n - 20) * 4)($sp); .endr; addiu $sp, $sp, 48\n"
#define RETURN "        jr $31; nop\n"
#define FREE   "1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not the kernel's, $sp, nor $4 */
#define EVEN   "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30"

/* Every integer register, in operations of all kinds. */
FUNCTION(integers,
    PUSH_KEPT
    "        .irp n, " FREE "; lw $\\n, (\\n * 4)($4); .endr\n"
    "        addu $1, $1, $2; subu $3, $3, $5; xor $6, $6, $7; or $8, $8, $9; and $10, $10, $11; nor $12, $12, $13; sllv $14, $14, $15\n"
    "        srlv $16, $16, $17; srav $18, $18, $19; slt $20, $21, $22; sltu $23, $24, $25; rotrv $28, $28, $30; movn $31, $1, $2\n"
    "        movz $5, $6, $20; mul $7, $8, $9; clz $10, $11; clo $12, $13; seb $14, $15; seh $16, $17; wsbh $18, $19; ext $20, $21, 5, 9\n"
    "        ins $22, $23, 7, 12; lui $24, 0x1234; addiu $25, $28, -1; slti $30, $31, 77; xori $1, $2, 0xff77; sra $3, $5, 13; rotr $6, $7, 3\n"
    "        rdhwr $3, $29; rdhwr $8, $1; teq $0, $4; tltu $4, $0; sync\n"
    "        .irp n, " FREE "; xor $4, $4, $\\n; .endr\n"
    POP_KEPT RETURN);

/* Of all sizes, and unaligned. */
FUNCTION(memory,
    "        lb $2, 3($4); lhu $3, 6($4); lw $5, 12($4); lbu $6, 17($4); sb $2, 1($4); sh $3, 2($4); sw $5, 8($4); lwl $7, 21($4); lwr $7, 18($4)\n"
    "        swl $7, 33($4); swr $7, 30($4); pref 0, 64($4); ldc1 $f0, 40($4); swc1 $f0, 52($4); lwc1 $f2, 56($4); sdc1 $f2, 64($4)\n"
    RETURN);

/* What is done before a jump: with a link that is set already, or a condition that it changes; what is left out where a jump that is
 * likely is not made. */
FUNCTION(slots,
    "        move $15, $31; li $8, 3\n"
    "1:      bnez $8, 1b; addiu $8, $8, -1\n"
    "        bal 2f; move $9, $31\n"
    "2:      addiu $10, $31, 7f - 2b; jalr $10; lw $11, 4($4)\n"
    "        bgezal $0, 3f; sw $31, 8($4)\n"
    "3:      bltzal $0, 4f; move $12, $31\n"
    "        beql $0, $4, 4f; li $13, 1\n"
    "        bnel $0, $4, 4f; li $13, 2\n"
    "        nop\n"
    "4:      mtc1 $0, $f0; mtc1 $0, $f2; nop; c.eq.s $f0, $f2; nop; bc1t 5f; mul $14, $13, $13\n"
    "        nop\n"
    "5:      bltz $4, 6f; mult $13, $14\n"
    "        bgtz $13, 6f; mflo $24\n"
    "        nop\n"
    "6:      jr $15; addu $2, $24, $12\n"
    "7:      jr $31; sltu $14, $10, $9\n");

/* Calls, frames, a stack pointer that is no multiple of 8 while nobody uses it. */
FUNCTION(stack,
    "        addiu $sp, $sp, -32; sw $31, 28($sp); sw $30, 24($sp); move $30, $sp; move $8, $4\n"
    "        .irp n, 1, 2, 3, 4, 5; addiu $sp, $sp, -16; sw $8, 8($sp); addu $8, $8, $sp; .endr\n"
    "        addiu $sp, $sp, -4; addiu $sp, $sp, -3; nop; addiu $sp, $sp, 7; bal 1f; sw $8, 0($sp); move $sp, $30; b 2f; nop\n"
    "1:      addiu $sp, $sp, -16; sw $31, 12($sp); bal 3f; addiu $sp, $sp, -8\n"
    "3:      lw $31, 20($sp); jr $31; addiu $sp, $sp, 24\n"
    "2:      lw $31, 28($sp); lw $30, 24($sp); jr $31; addiu $sp, $sp, 32\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT PUSH_FLOATS
    "        .irp n, 0,1,2,3,4,5,6,7; lw $s\\n, (\\n * 4)($4); .endr; .irp n, " EVEN "; ldc1 $f\\n, (64 + \\n * 4)($4); .endr\n"
    "        .rept 3; addu $16, $16, $17; srlv $18, $18, $16; xor $19, $19, $16; subu $20, $20, $19; mul $21, $22, $23; or $30, $30, $21\n"
    "        mov.d $f20, $f22; neg.d $f24, $f26; mfc1 $8, $f28; addu $8, $8, $21; mtc1 $8, $f28; abs.d $f30, $f20; mov.d $f22, $f30; .endr\n"
    POP_FLOATS POP_KEPT RETURN);

/* HI and LO. */
FUNCTION(products,
    "        lw $8, 0($4); lw $9, 4($4); mult $8, $9; mfhi $10; mflo $11; multu $10, $11; madd $8, $10; maddu $9, $11; msub $8, $11\n"
    "        msubu $9, $10; mfhi $12; mflo $13; ori $9, $9, 1; div $0, $8, $9; mflo $14; divu $0, $13, $9; mfhi $15; mthi $8; mtlo $9\n"
    "        nop; mfhi $2; mflo $3\n"
    RETURN);

/* Every rounding, raised exceptions, comparisons, all bits of all registers. */
FUNCTION(floats,
    PUSH_FLOATS
    "        cfc1 $15, $31\n"
    "        .irp r, 0, 1, 2, 3; ori $8, $15, 3; xori $8, $8, 3 - \\r; ctc1 $8, $31; li $9, 1; li $10, 3; mtc1 $9, $f0; mtc1 $10, $f2\n"
    "        cvt.d.w $f0, $f0; cvt.d.w $f2, $f2; div.d $f4, $f0, $f2; sqrt.d $f6, $f2; cvt.w.d $f8, $f6; mul.d $f10, $f4, $f6\n"
    "        sub.d $f12, $f10, $f10; div.d $f14, $f0, $f12; c.lt.d $f4, $f6; c.eq.d $fcc3, $f4, $f4; c.un.d $fcc7, $f12, $f14; nop\n"
    "        movt $11, $9, $fcc3; movf.d $f16, $f14, $fcc7; cfc1 $12, $31; trunc.w.d $f18, $f6; .endr\n"
    "        .irp n, " EVEN "; ldc1 $f\\n, (\\n * 8)($4); .endr\n"
    "        .irp n, " EVEN "; mov.d $f\\n, $f30; .endr\n"
    "        lui $8, 0xab80; ori $8, $8, 0x7d; or $8, $8, $15; ctc1 $8, $31; nop; cfc1 $9, $31; li $10, 3; ctc1 $10, $25; cfc1 $11, $26\n"
    "        ctc1 $15, $31\n"
    POP_FLOATS RETURN);

FUNCTION(singles,
    "        .irp n, 0,2,4,6,8,10,12,14,16,18; lwc1 $f\\n, (\\n * 4)($4); .endr; cfc1 $15, $31\n"
    "        add.s $f0, $f2, $f4; mul.s $f6, $f8, $f10; cvt.d.s $f12, $f14; cvt.s.d $f16, $f12; neg.s $f18, $f0; c.olt.s $f0, $f6; nop\n"
    "        bc1f 1f; mfc1 $8, $f6; mtc1 $8, $f2\n"
    "1:      sqrt.s $f4, $f2; swc1 $f4, 4($4); ctc1 $15, $31\n"
    RETURN);

/* Those with odd numbers too. */
FUNCTION(wide_floats,
    PUSH_FLOATS
    "        .set fp=64; .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        ldc1 $f\\n, (\\n * 8)($4); .endr; mov.d $f1, $f31; mov.d $f21, $f3; mfhc1 $8, $f23; mthc1 $8, $f25; sdc1 $f29, 8($4)\n"
    "        ldc1 $f5, 16($4); cvt.l.d $f7, $f9; .set fp=xx; ctc1 $0, $26\n"
    POP_FLOATS RETURN);

/* DSP: four accumulators, and what its control word holds. */
FUNCTION(accumulators,
    "        lw $8, 0($4); lw $9, 4($4); mult $ac1, $8, $9; mult $ac2, $9, $9; multu $ac3, $8, $8; madd $ac1, $8, $9; dpau.h.qbl $ac2, $8, $9\n"
    "        addq_s.ph $10, $8, $9; addu_s.qb $11, $8, $9; cmpu.lt.qb $8, $9; pick.qb $12, $8, $9; rddsp $13, 63; li $14, 21; wrdsp $14, 1\n"
    "        extpdp $15, $ac1, 4; mthlip $8, $ac2; shilo $ac3, 9; mfhi $2, $ac1; mflo $3, $ac2; addsc $24, $8, $9; addwc $25, $8, $9\n"
    "        insv $10, $11; bposge32 1f; extr.w $5, $ac3, 5; nop\n"
    "1:      rddsp $6, 63; wrdsp $0, 63\n"
    RETURN);

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    "        li $2, 4020; li $5, 7; li $6, 8; syscall; move $8, $2; li $2, 4162; syscall; addu $2, $2, $8\n"
    RETURN);
/* clang-format on */

#endif
