/* The code that is preempted at each of its instructions, on riscv64. A function gets 4 KB of random bytes, aligned to 64, and
 * keeps what the ABI says. It lies between its name and name_end, jumps nowhere else, reads no word of itself, and has no pair of
 * load reserved and store conditional, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_RISCV64_H
#define TESTS_REGISTERS_FUNCTIONS_RISCV64_H

/* 1: only where there are vectors. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(compressed, 0)                                                                                                               \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(atomics, 0)                                                                                                                  \
    X(floats, 0)                                                                                                                   \
    X(singles, 0)                                                                                                                  \
    X(vectors, 1)                                                                                                                  \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    return feature == 0 || riscv64_vector() != 0;
}

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .option push; .option arch, +v; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            #name ":\n" __VA_ARGS__ #name "_end: .option pop\n")

#define PUSH_KEPT \
    "        addi sp, sp, -112; sd ra, 96(sp); .irp n, 0,1,2,3,4,5,6,7,8,9,10,11; sd s\\n, (\\n * 8)(sp); .endr\n"
#define POP_KEPT \
    "        ld ra, 96(sp); .irp n, 0,1,2,3,4,5,6,7,8,9,10,11; ld s\\n, (\\n * 8)(sp); .endr; addi sp, sp, 112\n"
#define PUSH_FLOATS \
    "        addi sp, sp, -96; .irp n, 0,1,2,3,4,5,6,7,8,9,10,11; fsd fs\\n, (\\n * 8)(sp); .endr\n"
#define POP_FLOATS \
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11; fld fs\\n, (\\n * 8)(sp); .endr; addi sp, sp, 96\n"
#define FREE   "1,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31" /* not sp, gp, tp, nor a0 */
#define ALL_32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* Every integer register, in operations of all kinds. */
FUNCTION(integers,
    PUSH_KEPT
    "        .irp n, " FREE "; ld x\\n, (\\n * 8)(a0); .endr\n"
    "        add x1, x1, x5; sub x6, x6, x7; xor x8, x8, x9; or x11, x11, x12; and x13, x13, x14; sll x15, x15, x16; srl x17, x17, x18\n"
    "        sra x19, x19, x20; slt x21, x22, x23; sltu x24, x25, x26; addw x27, x27, x28; subw x29, x29, x30; sllw x31, x31, x1\n"
    "        mul x5, x6, x8; mulh x7, x9, x11; mulhu x12, x13, x14; mulhsu x16, x17, x18; div x20, x22, x23; divu x25, x26, x28\n"
    "        rem x30, x31, x1; remu x5, x7, x8; mulw x9, x11, x12; divw x13, x14, x15; remuw x16, x17, x18; lui x19, 0x12345\n"
    "        auipc x20, 5; addi x21, x22, -1; slti x23, x24, 77; xori x25, x26, -77; srai x27, x28, 13; sraiw x29, x30, 7; slliw x31, x1, 9\n"
    "        bltu x5, x6, 1f; addi a0, a0, 8\n"
    "1:      bge x7, x8, 2f; lb x9, 3(a0); lhu x11, 6(a0); lw x12, 12(a0); lwu x13, 16(a0); sb x9, 1(a0); sh x11, 2(a0); sw x12, 8(a0)\n"
    "2:      .irp n, " FREE "; xor a0, a0, x\\n; .endr\n"
    POP_KEPT
    "        ret\n");

/* Of two bytes, and of four that are aligned to two. */
FUNCTION(compressed,
    "        c.addi sp, -16; c.sdsp ra, 0(sp); c.li a1, 21; add a2, a1, a0; c.mv a3, a2; c.add a3, a1; c.slli a3, 3; c.srli a3, 2; c.andi a3, 13\n"
    "        c.lui a4, 5; c.sub a4, a3; c.xor a4, a1; xor a5, a4, a3; c.or a4, a1; c.and a4, a5; c.addw a4, a1; c.addiw a4, 7; mul a5, a4, a5\n"
    "        c.ld a2, 8(a0); c.sd a2, 16(a0); c.lw a1, 4(a0); c.sw a1, 24(a0); c.fld fa1, 32(a0); c.fsd fa1, 40(a0); c.nop\n"
    "        c.beqz a1, 1f; c.j 1f; c.nop\n"
    "1:      c.bnez a2, 2f; nop\n"
    "2:      lla t0, 3f; c.jalr t0; c.ldsp ra, 0(sp); c.addi sp, 16; c.jr ra\n"
    "3:      addi a0, a0, 1; c.jr ra\n");

/* Calls, frames, a stack pointer that is no multiple of 16 while nobody uses it. */
FUNCTION(stack,
    "        addi sp, sp, -32; sd ra, 24(sp); sd s0, 16(sp); addi s0, sp, 32; mv t0, a0\n"
    "        .irp n, 1, 2, 3, 4, 5; addi sp, sp, -16; sd t0, 8(sp); add t0, t0, sp; .endr\n"
    "        addi sp, sp, -8; addi sp, sp, -3; nop; addi sp, sp, 11; jal 1f; addi sp, s0, -32; j 2f\n"
    "1:      addi sp, sp, -16; sd ra, 8(sp); lla t1, 3f; jalr t1; ld ra, 8(sp); addi sp, sp, 16; ret\n"
    "3:      addi t0, t0, 1; addi sp, sp, -16; sd t0, 0(sp); ld t2, 0(sp); addi sp, sp, 16; lla t1, 4f; jr t1\n"
    "4:      ret\n"
    "2:      ld ra, 24(sp); ld s0, 16(sp); addi sp, sp, 32; ret\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT PUSH_FLOATS
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11; ld s\\n, (\\n * 8)(a0); fld fs\\n, (96 + \\n * 8)(a0); .endr\n"
    "        .rept 3; add s0, s0, s1; srl s2, s2, s0; xor s3, s3, s0; sub s4, s4, s3; mul s5, s6, s7; xor s8, s8, s9; or s10, s10, s11\n"
    "        fsgnjx.d fs0, fs0, fs1; fsgnjn.d fs2, fs2, fs3; fmv.x.d t0, fs4; add t0, t0, s5; fmv.d.x fs5, t0; fsgnj.d fs6, fs7, fs8\n"
    "        fmax.d fs9, fs10, fs11; .endr\n"
    POP_FLOATS POP_KEPT
    "        ret\n");

/* In one instruction. */
FUNCTION(atomics,
    "        li a1, 5; li a2, -7; amoadd.d a3, a1, (a0); amoswap.w.aqrl a4, a2, (a0); amoxor.d.rl a5, a4, (a0); amoand.w a6, a1, (a0)\n"
    "        amoor.d.aq a7, a2, (a0); amomin.d t0, a1, (a0); amomaxu.w t1, a2, (a0); fence rw, rw; fence w, o; fence.tso; ret\n");

/* Every rounding, raised exceptions, all bits of all registers. */
FUNCTION(floats,
    PUSH_FLOATS
    "        .irp r, 0, 1, 2, 3, 4; li t0, \\r << 5; fscsr t0; li t1, 1; li t2, 3; fcvt.d.l ft0, t1; fcvt.d.l ft1, t2; fdiv.d ft2, ft0, ft1\n"
    "        fsqrt.d ft3, ft1; fcvt.l.d t3, ft3; fcvt.w.d t4, ft2, rtz; fmadd.d ft4, ft2, ft3, ft1; frflags t5; fmv.d.x ft5, zero\n"
    "        fdiv.d ft6, ft0, ft5; fsub.d ft7, ft6, ft6; flt.d t6, ft2, ft3; fclass.d t1, ft7; frcsr t2; .endr\n"
    "        .irp n, " ALL_32 "; fld f\\n, (\\n * 8)(a0); .endr\n"
    "        .irp n, " ALL_32 "; fsgnjx.d f\\n, f\\n, f31; .endr\n"
    "        li t0, 0x9f; fscsr t0; fsrmi 2; fsflagsi 0x15; frcsr t1; nop; fscsr zero\n"
    POP_FLOATS
    "        ret\n");

/* With what boxes them; and NaNs of all kinds. */
FUNCTION(singles,
    "        .irp n, 0,1,2,3,4,5,6,7; flw ft\\n, (\\n * 4)(a0); flw fa\\n, (64 + \\n * 4)(a0); .endr\n"
    "        fadd.s ft0, ft1, ft2; fmul.s ft3, ft4, ft5; fcvt.d.s ft6, ft7; fcvt.s.d fa0, ft6; fmin.s fa1, fa2, fa3; feq.s t0, fa4, fa5\n"
    "        fmv.x.w t1, fa6; fmv.w.x fa7, t1; fnmsub.s ft8, ft0, ft3, fa1; fcvt.wu.s t2, ft8, rup; frflags t3; fsflags zero; fsw ft8, 4(a0); ret\n");

/* All bits of all registers at the width that the machine has, lengths, types, rounding. */
FUNCTION(vectors,
    "        csrr t0, vlenb; slli t0, t0, 1; mv t1, a0; .irp n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30; vl2re8.v v\\n, (t1); addi t1, t1, 64; .endr\n"
    "        vsetvli t2, zero, e64, m1, ta, ma; vadd.vv v1, v2, v3; vmul.vv v4, v5, v6; vmsltu.vv v0, v7, v8; vmerge.vvm v9, v10, v11, v0\n"
    "        vsetivli t2, 3, e8, mf2, tu, mu; vsub.vv v12, v13, v14, v0.t; vslideup.vi v15, v16, 1; vredsum.vs v17, v18, v19; csrwi vxrm, 2\n"
    "        vaadd.vv v20, v21, v22; csrwi vxsat, 1; vsadd.vv v23, v24, v25; csrr t3, vcsr; csrr t4, vl; csrr t5, vtype; csrwi vstart, 2; nop; nop\n"
    "        csrwi vstart, 0; vsetvli t2, zero, e16, m4, ta, mu; vrgather.vv v8, v16, v24; vse16.v v8, (a0); vcpop.m t6, v0\n"
    "        csrwi vcsr, 0; ret\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    "        li a7, 172; li a1, 7; li a2, 8; ecall; mv t0, a0; li a7, 124; ecall; add a0, a0, t0; ret\n");
/* clang-format on */

#endif
