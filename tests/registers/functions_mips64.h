/* The code that is preempted at each of its instructions, on mips64 and mips64le. A function gets 4 KB of random bytes, aligned to
 * 64, and keeps what the ABI says. It lies between its name and name_end, jumps nowhere else, reads no word of itself, and has no
 * pair of load linked and store conditional, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_MIPS64_H
#define TESTS_REGISTERS_FUNCTIONS_MIPS64_H

/* 1: only with DSP, 2: only with vectors that frames hold. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(products, 0)                                                                                                                 \
    X(slots, 0)                                                                                                                    \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(pieces, 0)                                                                                                                   \
    X(floats, 0)                                                                                                                   \
    X(conditions, 0)                                                                                                               \
    X(accumulators, 1)                                                                                                             \
    X(vectors, 2)                                                                                                                  \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    return feature == 0 || (feature == 1 ? mips64_has_dsp() : mips64_has_msa());
}

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .set push; .set noreorder; .set noat; .set mips64r2; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            "        .type " #name ", @function\n" #name ":\n" __VA_ARGS__ #name "_end: .set pop\n")

#define KEPT   "16,17,18,19,20,21,22,23,28,30,31"
#define KEPT_F "24,25,26,27,28,29,30,31"
#define PUSH_KEPT \
    "        daddiu $29, $29, -256; .irp n, " KEPT "; sd $\\n, (\\n * 8 - 128)($29); .endr\n"
#define POP_KEPT \
    "        .irp n, " KEPT "; ld $\\n, (\\n * 8 - 128)($29); .endr; daddiu $29, $29, 256\n"
#define PUSH_FLOATS \
    "        daddiu $29, $29, -64; .irp n, " KEPT_F "; sdc1 $f\\n, (\\n * 8 - 192)($29); .endr\n"
#define POP_FLOATS \
    "        .irp n, " KEPT_F "; ldc1 $f\\n, (\\n * 8 - 192)($29); .endr; daddiu $29, $29, 64\n"
#define FREE   "1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not the kernel's, sp, nor a0 */
#define ALL_32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* Every integer register, in operations of all kinds. */
FUNCTION(integers,
    PUSH_KEPT
    "        .irp n, " FREE "; ld $\\n, (\\n * 8)($4); .endr\n"
    "        daddu $1, $2, $3; dsubu $5, $6, $7; xor $8, $9, $10; or $11, $12, $13; and $14, $15, $16; nor $17, $18, $19; dsllv $20, $21, $22\n"
    "        dsrlv $23, $24, $25; dsrav $28, $30, $31; slt $2, $1, $5; sltu $3, $8, $11; addu $6, $14, $17; subu $7, $20, $23; sllv $9, $28, $2\n"
    "        movz $10, $3, $6; movn $12, $7, $9; dins $13, $15, 5, 20; dext $16, $18, 3, 30; wsbh $19, $21; dsbh $22, $24; dshd $25, $30; seb $31, $10\n"
    "        clz $1, $12; dclo $2, $13; rotr $3, $16, 7; drotrv $5, $19, $22; lui $6, 0x1234; ori $7, $25, 0x5678; xori $8, $31, 0x9abc; slti $9, $1, 77\n"
    "        lb $10, 3($4); lhu $11, 6($4); lw $12, 12($4); lwu $13, 16($4); sb $10, 1($4); sh $11, 2($4); sw $12, 8($4); sd $13, 24($4); sync; ssnop\n"
    "        .irp n, " FREE "; xor $4, $4, $\\n; .endr\n"
    POP_KEPT
    "        jr $31; nop\n");

/* HI and LO. */
FUNCTION(products,
    "        ld $5, 0($4); ld $6, 8($4); ld $7, 16($4); dmult $5, $6; nop; mfhi $8; mflo $9; dmultu $6, $7; mfhi $10; mult $5, $7; madd $6, $9; nop\n"
    "        maddu $8, $10; msub $5, $6; msubu $7, $8; mflo $11; mthi $5; nop; mtlo $6; nop; nop; mfhi $12; mflo $13; mul $14, $5, $6; ori $15, $7, 1\n"
    "        ddiv $0, $5, $15; nop; mfhi $2; ddivu $0, $6, $15; mflo $3; div $0, $7, $15; mfhi $24; divu $0, $8, $15; mflo $25; nop; jr $31; daddu $2, $2, $3\n");

/* Jumps of all kinds, with an instruction behind them that counts, once. */
FUNCTION(slots,
    "        daddiu $29, $29, -16; sd $31, 8($29); li $5, 3; li $6, -3; li $2, 1\n"
    "        beq $5, $5, 1f; daddiu $2, $2, 1; daddiu $2, $2, 100\n"
    "1:      beq $5, $6, 1f; daddiu $2, $2, 2; bne $5, $6, 1f; dsll $2, $2, 1; daddiu $2, $2, 100\n"
    "1:      blez $6, 1f; daddiu $2, $2, 3; daddiu $2, $2, 100\n"
    "1:      bgtz $6, 1f; daddiu $2, $2, 4; bltz $6, 1f; dsll $2, $2, 1; daddiu $2, $2, 100\n"
    "1:      bgez $5, 1f; daddiu $2, $2, 5; daddiu $2, $2, 100\n"
    "1:      beql $5, $6, 1f; daddiu $2, $2, 100; bnel $5, $6, 1f; daddiu $2, $2, 6; daddiu $2, $2, 100\n"
    "1:      bgezl $6, 1f; daddiu $2, $2, 100; bltzl $6, 1f; dsll $2, $2, 1; daddiu $2, $2, 100\n"
    "1:      bal 1f; daddu $2, $2, $31; daddiu $2, $2, 100\n"
    "1:      bltzal $5, 1f; dsubu $2, $2, $31; bgezal $5, 1f; xor $2, $2, $31; daddiu $2, $2, 100\n"
    "1:      bltzall $6, 1f; xor $2, $2, $31; daddiu $2, $2, 100\n"
    "1:      bal 1f; nop\n"
    "1:      daddiu $3, $31, 24; jalr $7, $3; move $3, $7; b 2f; daddiu $2, $2, 7; nop\n"
    "        jr $3; move $3, $0\n"
    "2:      mtc1 $5, $f0; mtc1 $6, $f1; c.lt.s $f0, $f1; bc1t 1f; daddiu $2, $2, 8; bc1f 1f; dsll $2, $2, 1; daddiu $2, $2, 100\n"
    "1:      li $5, 4\n"
    "1:      daddiu $2, $2, 9; bgtz $5, 1b; daddiu $5, $5, -1\n"
    "        beqz $0, 1f; sd $2, 0($29); daddiu $2, $2, 100\n"
    "1:      bnez $2, 1f; ld $5, 0($29); daddiu $2, $2, 100\n"
    "1:      beqz $0, 1f; ctc1 $0, $31; daddiu $2, $2, 100\n"
    "1:      ld $31, 8($29); jr $31; daddiu $29, $29, 16\n");

/* Calls, frames, a stack pointer that is no multiple of 16 while nobody uses it. */
FUNCTION(stack,
    "        daddiu $29, $29, -32; sd $31, 24($29); sd $30, 16($29); move $30, $29; move $8, $4\n"
    "        .irp n, 1, 2, 3, 4, 5; daddiu $29, $29, -16; sd $8, 8($29); daddu $8, $8, $29; .endr\n"
    "        daddiu $29, $29, -8; daddiu $29, $29, -3; nop; daddiu $29, $29, 11; bal 1f; daddiu $29, $29, -16; move $29, $30; b 2f; nop\n"
    "1:      sd $31, 8($29); daddiu $8, $8, 1; sd $8, 0($29); ld $9, 0($29); ld $31, 8($29); jr $31; daddiu $29, $29, 16\n"
    "2:      ld $31, 24($29); ld $30, 16($29); jr $31; daddiu $29, $29, 32\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT PUSH_FLOATS
    "        .irp n, " KEPT "; ld $\\n, (\\n * 8)($4); .endr; .irp n, " KEPT_F "; ldc1 $f\\n, (\\n * 8)($4); .endr\n"
    "        .rept 3; daddu $16, $16, $17; dsrlv $18, $18, $16; xor $19, $19, $16; dsubu $20, $20, $19; nor $21, $22, $23; xor $28, $28, $30; or $31, $31, $28\n"
    "        mov.d $f24, $f25; neg.d $f26, $f27; dmfc1 $8, $f28; daddu $8, $8, $20; dmtc1 $8, $f29; abs.d $f30, $f31; dmtc1 $16, $f25; .endr\n"
    "        ctc1 $0, $31\n"
    POP_FLOATS POP_KEPT
    "        jr $31; nop\n");

/* Words in two halves, as they lie. */
FUNCTION(pieces,
    "        ulw $5, 5($4); uld $6, 19($4); usw $5, 33($4); usd $6, 41($4); nop; lwl $7, 3($4); lwr $7, 6($4); ldl $8, 9($4); ldr $8, 14($4); swl $7, 1($4)\n"
    "        sdr $8, 11($4); jr $31; daddu $2, $7, $8\n");

/* Every rounding, raised exceptions, all bits of all registers. */
FUNCTION(floats,
    PUSH_FLOATS
    "        .irp r, 0, 1, 2, 3; li $8, \\r; ctc1 $8, $31; li $9, 1; li $10, 3; dmtc1 $9, $f0; cvt.d.l $f0, $f0; dmtc1 $10, $f1; cvt.d.l $f1, $f1; div.d $f2, $f0, $f1\n"
    "        sqrt.d $f3, $f1; cvt.l.d $f4, $f3; dmfc1 $11, $f4; trunc.w.d $f5, $f2; madd.d $f6, $f2, $f3, $f1; cfc1 $12, $31; dmtc1 $0, $f7; div.d $f8, $f0, $f7\n"
    "        sub.d $f9, $f8, $f8; cvt.s.d $f10, $f2; add.s $f11, $f10, $f10; recip.d $f12, $f1; rsqrt.s $f13, $f11; cfc1 $13, $31; floor.l.d $f14, $f2; .endr\n"
    "        .irp n, " ALL_32 "; ldc1 $f\\n, (\\n * 8)($4); .endr\n"
    "        .irp n, " ALL_32 "; dmfc1 $8, $f\\n; dsll $8, $8, 1; dmtc1 $8, $f\\n; .endr; mthc1 $8, $f7; mfhc1 $9, $f8\n"
    "        lui $8, 0x100; ori $8, $8, 0x87e; ctc1 $8, $31; nop; ctc1 $0, $31; nop\n"
    POP_FLOATS
    "        jr $31; nop\n");

/* All eight, in and out of the control word. */
FUNCTION(conditions,
    "        li $8, 5; dmtc1 $8, $f0; cvt.d.l $f0, $f0; dmtc1 $0, $f1; .irp n, 0,1,2,3,4,5,6,7; c.lt.d $fcc\\n, $f1, $f0; movt $9, $8, $fcc\\n; c.lt.d $fcc\\n, $f0, $f1\n"
    "        movf $10, $8, $fcc\\n; .endr; c.eq.d $fcc3, $f0, $f0; movt.d $f2, $f0, $fcc3; bc1t $fcc3, 1f; li $11, 1; li $11, 2\n"
    "1:      cfc1 $12, $31; lui $13, 0xaa80; ctc1 $13, $31; nop; cfc1 $14, $31; bc1tl $fcc1, 1f; li $11, 3; li $11, 4\n"
    "1:      ctc1 $0, $31; jr $31; daddu $2, $12, $14\n");

/* DSP: three more accumulators, and what comparisons and positions leave. */
FUNCTION(accumulators,
    ".set dsp; .set dspr2\n"
    "        ld $5, 0($4); ld $6, 8($4); lw $7, 16($4); lw $8, 20($4); .irp n, 1,2,3; mthi $7, $ac\\n; mtlo $8, $ac\\n; mult $ac\\n, $7, $8; madd $ac\\n, $8, $7\n"
    "        nop; extr.w $9, $ac\\n, 5; mfhi $10, $ac\\n; mflo $11, $ac\\n; .endr; dpaq_s.w.ph $ac1, $7, $8; mulsaq_s.w.ph $ac2, $8, $7; shilo $ac3, 5\n"
    "        addq_s.ph $12, $7, $8; cmp.lt.ph $7, $8; nop; pick.ph $13, $7, $8; cmpu.lt.qb $8, $7; pick.qb $14, $7, $8; li $15, 9; mthlip $15, $ac1; nop\n"
    "        addsc $24, $7, $8; addwc $25, $24, $7; insv $12, $13; rddsp $2; nop; wrdsp $0; nop; jr $31; daddu $2, $2, $25\n");

/* All bits of all vectors, and their control word. */
FUNCTION(vectors,
    PUSH_FLOATS
    ".set mips64r5; .set msa\n"
    "        .irp n, " ALL_32 "; ld.d $w\\n, (\\n * 16)($4); .endr; addv.w $w1, $w2, $w3; mulv.d $w4, $w5, $w6; shf.b $w7, $w8, 27; vshf.h $w9, $w10, $w11\n"
    "        li $8, 0x41; ctcmsa $1, $8; nop; fill.d $w12, $4; ffint_s.d $w12, $w12; ffint_s.d $w13, $w14; fdiv.d $w15, $w12, $w13; cfcmsa $9, $1; bnz.d $w15, 1f; nop; nop\n"
    "1:      copy_s.d $10, $w15[1]; insert.d $w16[1], $9; adds_s.b $w17, $w18, $w19; st.d $w16, 64($4); st.d $w31, 80($4); ctcmsa $1, $0; nop\n"
    ".set mips64r2\n"
    POP_FLOATS
    "        jr $31; nop\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    "        li $2, 5038; li $5, 7; li $6, 8; syscall; move $8, $2; li $2, 5023; syscall; jr $31; daddu $2, $2, $8\n");
/* clang-format on */

#endif
