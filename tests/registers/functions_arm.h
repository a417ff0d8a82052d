/* The code that is preempted at each of its instructions, on 32-bit ARM. A function gets 8 KB of random bytes, aligned to 64, and
 * keeps what the ABI says. It lies between its name and name_end, jumps nowhere else, is all ARM or all Thumb code, reads no word
 * of itself, and has no pair of load and store exclusive, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_ARM_H
#define TESTS_REGISTERS_FUNCTIONS_ARM_H

#include <sys/auxv.h>

#include "emulator.h"

/* The bit of AT_HWCAP without which the machine has no such instructions, plus one. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(division, 18)                                                                                                                \
    X(flags, 0)                                                                                                                    \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(floats, 0)                                                                                                                   \
    X(fused, 17)                                                                                                                   \
    X(vectors, 13)                                                                                                                 \
    X(thumb, 0)                                                                                                                    \
    X(blocks, 0)                                                                                                                   \
    X(both, 0)                                                                                                                     \
    X(byte_order, NOT_EMULATED)                                                                                                    \
    X(kernel, 0)

/* qemu 7.2 does not bring back the byte order of data with a frame. */
enum { NOT_EMULATED = 100 };

static inline bool machine_has(unsigned feature)
{
    if (feature == NOT_EMULATED)
        return !emulated();
    return feature == 0 || (getauxval(AT_HWCAP) >> (feature - 1) & 1);
}

/* clang-format off */
#define FUNCTION_OF(kind, name, ...)                                                                                               \
    __asm__("        .text; .syntax unified; .fpu neon-vfpv4; .arch_extension idiv; " kind "; .p2align 4\n"                        \
            "        .globl " #name "; .globl " #name "_end; .type " #name ", %function\n"                                         \
            #name ":\n" __VA_ARGS__ #name "_end:\n        .fpu vfpv3-d16; " ARM_BACK)
#define FUNCTION(name, ...)       FUNCTION_OF(".arm", name, __VA_ARGS__)
#define FUNCTION_THUMB(name, ...) FUNCTION_OF(".thumb", name, __VA_ARGS__)

#define PUSH_KEPT "        push {r3-r11, lr}\n"
#define POP_KEPT  "        pop {r3-r11, lr}\n"
#define BUT_0     "1,2,3,4,5,6,7,8,9,10,11,12,14"
#define ALL_32    "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* Every register different, then arithmetic in which the carry and the other flags live from one instruction to the next, saturation
 * and the flags of each byte included. */
FUNCTION(integers,
    PUSH_KEPT
    "        .irp n, " BUT_0 "; ldr r\\n, [r0, #(\\n * 4)]; .endr; ldr r0, [r0]\n"
    "        adds r0, r0, r1; adcs r2, r2, r3; sbcs r4, r4, r5; adcs r6, r6, r7; rscs r8, r8, r9; adcs r10, r10, r11\n"
    "        adcs r12, r12, lr; sbcs lr, lr, r0; adc r1, r1, #0; movcs r3, r5; mvnvs r5, r7; addmi r7, r7, r9; subhi r9, r9, r11, ror #7\n"
    "        rrxs r11, r11; adcs r12, r12, r12; bicsne r0, r0, r2, lsl r4; cmpeq r6, r8; teqlt r10, lr, asr #3; rrx r1, r1\n"
    "        mul r2, r4, r6; umull r3, r5, r8, r10; smlal r7, r9, r11, r12; umaal r0, r1, r2, r4; mla r6, r8, r10, lr; smlabb r3, r5, r7, r9\n"
    "        clz r2, r4; rbit r5, r6; rev r7, r8; rev16 r9, r10; bfi r11, r12, #9, #20; ubfx lr, r0, #3, #17; sbfx r1, r2, #7, #9; uxtab16 r3, r4, r5, ror #8\n"
    "        uadd8 r6, r7, r8; sel r9, r10, r11; ssub16 r12, r0, r1; sel r2, r3, r4; usax r5, r6, r7; sel r8, r9, r10; usad8 r11, r12, lr\n"
    "        qadd r0, r1, r2; ssat r3, #7, r4; usat16 r5, #3, r6; qdsub r7, r8, r9; smlad r10, r11, r12, lr; mrs r1, APSR; eor r0, r0, r1\n"
    "        cmp r7, r9; bhs 1f; add r0, r0, #1\n"
    "1:      tst r0, #32; beq 2f; eor r0, r0, r2, lsl #3\n"
    "2:      .irp n, " BUT_0 "; eor r0, r0, r\\n; .endr\n"
    POP_KEPT
    "        bx lr\n");

FUNCTION(division,
    "        ldm r0, {r0-r3}; udiv r12, r0, r1; sdiv r2, r3, r0; mls r0, r12, r1, r2; bx lr\n");

/* Each flag by itself, and all at once, across instructions that leave them alone. */
FUNCTION(flags,
    "        .irp bits, 0x80000000, 0x40000000, 0x20000000, 0x10000000, 0x08000000, 0x80000, 0x40000, 0x20000, 0x10000, 0xf0000, 0xf8000000, 0\n"
    "        mov r1, #\\bits; msr APSR_nzcvqg, r1; mov r2, #7; nop; mrs r3, APSR; eor r12, r1, r3; .endr\n"
    "        movw r1, #0; movt r1, #0x6805; msr APSR_nzcvqg, r1; bne 1f; blo 1f; bvs 1f; bmi 1f\n"
    "        ldr r2, [r0]; ldr r3, [r0, #4]; sel r12, r2, r3; mov r0, #0; msr APSR_nzcvqg, r0; mov r0, #1; bx lr\n"
    "1:      udf #1\n");

/* Calls, frames, a stack pointer that is no multiple of 8 while nobody uses it. */
FUNCTION(stack,
    "        push {r11, lr}; add r11, sp, #4; mov r12, r0\n"
    "        .rept 5; push {r12}; add r12, sp, r12; .endr\n"
    "        push {r0-r3, r12}; sub sp, sp, #4; nop; add sp, sp, #4; ldmib sp, {r1, r2}; bl 1f; sub sp, r11, #4; b 2f\n"
    "1:      stmdb sp!, {r4, lr}; adr r4, 3f; blx r4; ldmia sp!, {r4, pc}\n"
    "3:      add r12, r12, #1; str r12, [sp, #-8]!; ldr r1, [sp], #8; adr r2, 4f; bx r2\n"
    "4:      mov pc, lr\n"
    "2:      pop {r11, lr}; bx lr\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT
    "        vpush {d8-d15}; ldm r0, {r4-r11}; add r1, r0, #96; vldmia r1, {d8-d15}\n"
    "        .rept 3; add r4, r4, r5; ror r6, r6, #7; eor r7, r7, r4; sub r8, r8, r7; mla r9, r10, r11, r9; eor r10, r10, r8; bic r11, r11, r9, lsl #1\n"
    "        vmov.f64 d8, d9; vneg.f64 d10, d11; vabs.f64 d12, d13; vmov r2, s28; vmov s30, r2; vmov d9, r4, r10; .endr\n"
    "        vpop {d8-d15}\n"
    POP_KEPT
    "        bx lr\n");

/* Every rounding, flushing to zero, raised exceptions, the flags of comparisons. */
FUNCTION(floats,
    "        .irp r, 0, 1, 2, 3; mov r1, #\\r << 22; vmsr fpscr, r1\n"
    "        vmov.f64 d0, #1.0; vmov.f64 d1, #3.0; vdiv.f64 d2, d0, d1; vsqrt.f64 d3, d1; vcvtr.s32.f64 s8, d3; vmla.f64 d5, d2, d3; vnmls.f64 d6, d2, d3\n"
    "        vsub.f64 d6, d6, d6; vdiv.f64 d7, d0, d6; vsub.f64 d4, d7, d7; vcmp.f64 d2, d3; mov r2, #3; vmrs APSR_nzcv, fpscr; movmi r2, #5\n"
    "        vcmpe.f64 d4, #0.0; vmrs r3, fpscr; vmov s10, r3; vcvt.f64.u32 d6, s10; .endr\n"
    "        mov r1, #0x7000000; vmsr fpscr, r1; vldr s2, [r0]; vadd.f32 s3, s2, s2; vcvt.s32.f32 s3, s3, #7; vmrs r12, fpscr\n"
    "        mov r1, #0xf8000000; vmsr fpscr, r1; vmov.f32 s5, #2.0; vmrs APSR_nzcv, fpscr; vmrs r2, fpscr; mov r1, #0; vmsr fpscr, r1; bx lr\n");

FUNCTION(fused,
    "        vldmia r0, {d0-d7}; vfma.f64 d0, d1, d2; vfnms.f64 d3, d4, d5; vcvtb.f32.f16 s12, s13; mov r1, #0x4000000; vmsr fpscr, r1\n"
    "        vcvtt.f16.f32 s14, s12; vmrs r2, fpscr; mov r1, #0; vmsr fpscr, r1; bx lr\n");

/* All bits of all registers. */
FUNCTION(vectors,
    "        vpush {d8-d15}; vldmia r0!, {d0-d15}; vldmia r0!, {d16-d31}\n"
    "        .irp n, 0,1,2,3,4,5,6,7; vadd.i64 d\\n, d\\n, d31; vext.8 d31, d31, d\\n, #5; .endr\n"
    "        .irp n, 8,9,10,11,12,13,14,15; vmul.i16 d\\n, d\\n, d30; veor d30, d\\n, d30; .endr\n"
    "        .irp n, 16,17,18,19,20,21,22,23; vtbl.8 d\\n, {d0, d1, d2, d3}, d\\n; vqadd.s8 d29, d29, d\\n; .endr\n"
    "        .irp n, 24,25,26,27,28; vmull.u8 q7, d\\n, d29; vbsl d\\n, d14, d15; .endr\n"
    "        vqdmulh.s16 q0, q1, q2; vmrs r1, fpscr; vpadd.i8 d6, d7, d8; vzip.8 q5, q6; vtrn.16 d14, d15; vcnt.8 d16, d17; vrecpe.f32 q9, q10\n"
    "        vmla.f32 q11, q12, q13; vshrn.i64 d28, q15, #9; vmov.u8 r2, d29[5]; vmov.32 d30[1], r2; vdup.16 q1, r2; vst3.8 {d29, d30, d31}, [r0]!\n"
    "        vld4.16 {d0, d2, d4, d6}, [r0]; mov r1, #0; vmsr fpscr, r1; vpop {d8-d15}; bx lr\n");

/* Short and long instructions, and jumps over few and many. The table is not in the code, which is full of traps. */
FUNCTION_THUMB(thumb,
    "        push {r4-r7, lr}; mov r7, sp; ldr r1, [r0]; ldr.w r2, [r0, #4]; ldmia r0!, {r3, r4}; subs r0, #8; adds r1, r1, r2; adcs r3, r4\n"
    "        sbcs.w r5, r1, r3; movw r6, #0xabcd; movt r6, #0x1234; add.w r8, r5, r6, lsl #3; mov r12, r8; eors r5, r6; rsb.w r4, r12, #0\n"
    "        bfi r4, r5, #3, #9; umull r1, r2, r3, r6; clz r3, r4; rors r3, r5; uadd8 r1, r2, r3; sel r2, r4, r5; orn r3, r4, r5; mvns r1, r1\n"
    "        push {r1, r2}; sub sp, #4; strd r1, r2, [sp, #-8]!; ldrd r3, r4, [sp], #8; add sp, #4; pop {r5, r6}; cbz r3, 1f; adds r3, #1\n"
    "1:      cbnz r3, 2f; movs r3, #9\n"
    "2:      movs r1, #3; strb r1, [r0, #1]; movs r2, #1; tbb [r0, r2]; udf #2; udf #2; nop\n"
    "        mov.w r2, #0x30003000; lsls r2, r2, #2; bcs.w 3f; b 4f\n"
    "3:      nop.w\n"
    "4:      bl 5f; mov sp, r7; pop {r4-r7, pc}\n"
    "5:      push {r4, lr}; add r4, sp, #8; nop; pop {r4, pc}\n");

/* Conditional instructions in blocks of one to four, short and long ones, done and not done; no instruction of which sets flags but
 * those that compare, in the middle of one. */
FUNCTION_THUMB(blocks,
    "        push {r4-r7, lr}; vpush {d8}; ldr r1, [r0]; movs r2, #0\n"
    "        .irp n, 5, 6, 7; cmp r2, #6; .endr\n"
    "        .irp n, 5, 6, 7; movs r3, #\\n; cmp r3, #6\n"
    "        it eq; addeq r2, #1; it ne; addne.w r2, r2, #3; ite hi; addhi r2, r2, r3; subls.w r2, r2, r3, lsl #1; ittet lo; strlo r2, [r0, #4]; ldrlo.w r4, [r0, #4]; movhs r4, #0; addlo r2, r2, r4\n"
    "        itete mi; movmi r5, #1; movpl r5, #2; addmi.w r5, r5, #4; addpl.w r5, r5, #8; itttt ge; addge r2, r2, r5; eorge r2, r1; rorge.w r2, r2, #3; addge r2, #1; iteee eq; vmoveq.f64 d8, #1.0; vmovne.f64 d8, #2.0; vaddne.f64 d8, d8, d8; vstrne d8, [r0, #8]\n"
    "        ittt ne; addne r2, r2, r5; cmpne r3, #7; addne r2, #5; itt eq; pusheq {r1, r2}; popeq {r4, r5}; it vs; bvs.w 1f; it al; bal 2f\n"
    "1:      udf #3\n"
    "2:      itt cc; addcc r2, #1; bcc 3f; adds r2, #2\n"
    "3:      nop; .endr\n"
    "        vpop {d8}; cmp r2, r2; it ne; popne {r4-r7, pc}; it eq; popeq {r4-r7, pc}\n");

/* From one instruction set to the other and back; what is called there is no part of it. */
FUNCTION_THUMB(answering,
    "        add r0, r0, r1; bx lr\n");
FUNCTION(both,
    "        push {r4, lr}; movw r4, #:lower16:(answering - (1f + 8)); movt r4, #:upper16:(answering - (1f + 8))\n"
    "1:      add r4, pc, r4; orr r4, r4, #1; mov r1, #7; blx answering; blx r4; pop {r4, pc}\n");

FUNCTION(byte_order,
    "        setend be; ldr r1, [r0]; strh r1, [r0, #6]; ldr r2, [r0, #4]; setend le; ldr r2, [r0]; eor r0, r1, r2; bx lr\n");

/* In and out of the kernel: getpid and sched_yield. */
FUNCTION(kernel,
    "        push {r7, lr}; mov r7, #20; mov r1, #7; mov r2, #8; svc #0; mov r12, r0; mov r7, #158; svc #0; add r0, r0, r12; pop {r7, pc}\n");
/* clang-format on */

#endif
