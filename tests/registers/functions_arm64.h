/* The code that is preempted at each of its instructions, on arm64. A function gets 4 KB of random bytes, aligned to 64, and keeps
 * what the ABI says. It lies between its name and name_end, jumps nowhere else, reads no word of itself, and has no pair of load
 * and store exclusive, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_ARM64_H
#define TESTS_REGISTERS_FUNCTIONS_ARM64_H

#include <sys/auxv.h>

/* The bit of AT_HWCAP without which the machine has no such instructions, plus one. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(flags, 0)                                                                                                                    \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(floats, 0)                                                                                                                   \
    X(vectors, 0)                                                                                                                  \
    X(signed_return, 0)                                                                                                            \
    X(timing, 25)                                                                                                                  \
    X(sve, 23)                                                                                                                     \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    return feature == 0 || (getauxval(AT_HWCAP) >> (feature - 1) & 1);
}

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .arch_extension sve; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            #name ":\n" __VA_ARGS__ #name "_end:\n")

#define PUSH_KEPT \
    "        stp x29, x30, [sp, #-96]!; stp x19, x20, [sp, #16]; stp x21, x22, [sp, #32]; stp x23, x24, [sp, #48]\n" \
    "        stp x25, x26, [sp, #64]; stp x27, x28, [sp, #80]\n"
#define POP_KEPT \
    "        ldp x19, x20, [sp, #16]; ldp x21, x22, [sp, #32]; ldp x23, x24, [sp, #48]\n" \
    "        ldp x25, x26, [sp, #64]; ldp x27, x28, [sp, #80]; ldp x29, x30, [sp], #96\n"
#define PUSH_VECTORS \
    "        stp d8, d9, [sp, #-64]!; stp d10, d11, [sp, #16]; stp d12, d13, [sp, #32]; stp d14, d15, [sp, #48]\n"
#define POP_VECTORS \
    "        ldp d10, d11, [sp, #16]; ldp d12, d13, [sp, #32]; ldp d14, d15, [sp, #48]; ldp d8, d9, [sp], #64\n"
#define BUT_0 "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"
#define ALL_32 "0," BUT_0 ",31"

/* Every register different, then arithmetic in which the carry and the other flags live from one instruction to the next. */
FUNCTION(integers,
    PUSH_KEPT
    "        .irp n, " BUT_0 "; ldr x\\n, [x0, #(\\n * 8)]; .endr; ldr x0, [x0]\n"
    "        adds x0, x0, x1; adcs x2, x2, x3; sbcs x4, x4, x5; adcs x6, x6, x7; sbcs x8, x8, x9; adcs x10, x10, x11\n"
    "        adcs x12, x12, x13; sbcs x14, x14, x15; adcs x16, x16, x17; adcs x18, x18, x19; sbcs x20, x20, x21; adcs x22, x22, x23\n"
    "        adcs x24, x24, x25; sbcs x26, x26, x27; adcs x28, x28, x29; adc x30, x30, x0; cset x1, cs; csel x3, x5, x7, vs\n"
    "        ccmp x9, x11, #5, ne; csinv x13, x15, x17, lt; csneg x19, x21, x23, hi; cinc x25, x27, mi\n"
    "        mul x1, x2, x4; umulh x3, x6, x8; smulh x5, x10, x12; madd x7, x14, x16, x18; udiv x9, x20, x22; sdiv x11, x24, x26\n"
    "        rbit x13, x28; rev x15, x30; clz x17, x0; extr x19, x1, x3, #17; bfi x21, x5, #9, #20; ror x23, x7, x9; lsl x25, x11, x13\n"
    "        cmp x27, x29; b.hs 1f; add x0, x0, #1\n"
    "1:      tbz x0, #5, 2f; eor x0, x0, x2, lsl #3\n"
    "2:      .irp n, " BUT_0 "; eor x0, x0, x\\n; .endr\n"
    POP_KEPT
    "        ret\n");

/* Each flag by itself, and all at once, across instructions that leave them alone. */
FUNCTION(flags,
    "        .irp bits, 8, 4, 2, 1, 15, 0; mov x9, #\\bits << 28; msr nzcv, x9; mov x10, #7; nop; mrs x11, nzcv; eor x12, x9, x11; .endr\n"
    "        mov x9, #0x6 << 28; msr nzcv, x9; b.ne 1f; b.lo 1f; b.vs 1f; b.mi 1f; mov w0, #1; ret\n"
    "1:      udf #1\n");

/* Calls, frames, a stack pointer that is no multiple of 16 while nobody uses it. */
FUNCTION(stack,
    "        stp x29, x30, [sp, #-32]!; mov x29, sp; mov x9, x0\n"
    "        .irp n, 1, 2, 3, 4, 5; str x9, [sp, #-16]!; add x9, sp, x9; .endr\n"
    "        sub sp, sp, #8; sub sp, sp, #3; nop; add sp, sp, #11; bl 1f; mov sp, x29; b 2f\n"
    "1:      stp x29, x30, [sp, #-16]!; mov x29, sp; adr x16, 3f; blr x16; ldp x29, x30, [sp], #16; ret\n"
    "3:      add x9, x9, #1; str x9, [sp, #-16]!; ldr x10, [sp], #16; adr x17, 4f; br x17\n"
    "4:      ret\n"
    "2:      ldp x29, x30, [sp], #32; ret\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT PUSH_VECTORS
    "        ldp x19, x20, [x0]; ldp x21, x22, [x0, #16]; ldp x23, x24, [x0, #32]; ldp x25, x26, [x0, #48]; ldp x27, x28, [x0, #64]; ldr x29, [x0, #80]\n"
    "        ldp d8, d9, [x0, #96]; ldp d10, d11, [x0, #112]; ldp d12, d13, [x0, #128]; ldp d14, d15, [x0, #144]\n"
    "        .rept 3; add x19, x19, x20; ror x21, x21, #7; eor x22, x22, x19; sub x23, x23, x22; madd x24, x25, x26, x27; eor x28, x28, x29\n"
    "        add d8, d8, d9; eor v10.8b, v10.8b, v11.8b; sub d12, d12, d13; orr v14.8b, v14.8b, v15.8b; add x29, x29, x28; .endr\n"
    POP_VECTORS POP_KEPT
    "        ret\n");

/* Every rounding, flushing to zero, raised exceptions. */
FUNCTION(floats,
    "        .irp r, 0, 1, 2, 3; mov x9, #\\r << 22; msr fpcr, x9; msr fpsr, xzr\n"
    "        fmov d0, #1.0; fmov d1, #3.0; fdiv d2, d0, d1; fsqrt d3, d1; fcvtzs x10, d3; frintx d4, d3; fmadd d5, d2, d3, d4\n"
    "        fmov d6, xzr; fdiv d7, d0, d6; fsub d16, d7, d7; fcmp d2, d3; cset x11, mi; mrs x12, fpsr; scvtf d17, x12; .endr\n"
    "        mov x9, #0x7000000; msr fpcr, x9; ldr s18, [x0]; fadd s19, s18, s18; fcvt h20, s19; fcvt s21, h20; mrs x12, fpsr; mrs x13, fpcr\n"
    "        mov x9, #0x8000000; msr fpsr, x9; sqadd b22, b18, b19; mrs x12, fpsr; msr fpcr, xzr; msr fpsr, xzr; ret\n");

/* All bits of all registers. */
FUNCTION(vectors,
    PUSH_VECTORS
    "        .irp n, " ALL_32 "; ldr q\\n, [x0, #(\\n * 16)]; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; add v\\n\\().2d, v\\n\\().2d, v31.2d; ext v31.16b, v31.16b, v\\n\\().16b, #5; .endr\n"
    "        .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30; tbl v\\n\\().16b, {v0.16b, v1.16b}, v\\n\\().16b; umull v31.8h, v\\n\\().8b, v31.8b; .endr\n"
    "        umaxv b0, v31.16b; addp v1.2d, v2.2d, v3.2d; fmla v4.4s, v5.4s, v6.4s; sqdmulh v7.8h, v8.8h, v9.8h; zip1 v10.16b, v11.16b, v12.16b\n"
    "        pmull v13.8h, v14.8b, v15.8b; umov x9, v31.d[1]; ins v30.d[0], x9; st1 {v28.16b, v29.16b}, [x0]\n"
    POP_VECTORS
    "        ret\n");

/* A return address with a signature, on CPUs that know signatures; others take the two for hints. */
FUNCTION(signed_return,
    "        hint #25; stp x29, x30, [sp, #-16]!; mov x29, sp; hint #34; add x0, x0, #1; nop; ldp x29, x30, [sp], #16; hint #29; ret\n");

/* The flag that asks for operations whose time does not depend on data: DIT. */
FUNCTION(timing,
    "        mov x9, #1 << 24; .inst 0xd51b42a9; mul x10, x0, x0; .inst 0xd53b42aa; eor x11, x9, x10; msr nzcv, xzr; .inst 0xd51b42bf; ret\n");

/* All bits of all registers, at the width that the machine has; predicates; the first fault register. */
FUNCTION(sve,
    PUSH_VECTORS
    "        ptrue p7.b; setffr; mov x10, #0\n"
    "        .irp n, " ALL_32 "; ld1b {z\\n\\().b}, p7/z, [x0, x10]; add x10, x10, #16; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,8,9,10,11,12,13,14,15; cmpgt p\\n\\().b, p7/z, z\\n\\().b, z31.b; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6; add z\\n\\().d, z\\n\\().d, z31.d; mul z31.d, p\\n/m, z31.d, z\\n\\().d; sel z30.b, p\\n, z\\n\\().b, z30.b; .endr\n"
    "        .irp n, 8,9,10,11,12,13,14,15; eor p\\n\\().b, p7/z, p\\n\\().b, p0.b; ext z\\n\\().b, z\\n\\().b, z31.b, #3; .endr\n"
    "        mov x11, #5; whilelo p1.b, xzr, x11; wrffr p1.b; ldff1b {z16.b}, p7/z, [x0, x10]; rdffr p2.b; cntp x12, p7, p2.b; ptest p7, p2.b\n"
    "        cset x13, ne; incb x13; compact z17.d, p3, z18.d; uaddv d19, p4, z20.b; fmla z21.d, p5/m, z22.d, z23.d; splice z24.b, p6, z24.b, z25.b\n"
    "        index z26.s, w9, #3; rev p6.b, p8.b; punpkhi p9.h, p10.b; st1b {z26.b}, p7, [x0]\n"
    POP_VECTORS
    "        ret\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    "        mov x8, #172; mov x1, #7; mov x2, #8; svc #0; mov x9, x0; mov x8, #124; svc #0; add x0, x0, x9; ret\n");
/* clang-format on */

#endif
