/* The code that is preempted at each of its instructions, on s390x. A function gets 4 KB of random bytes, aligned to 64, and keeps
 * what the ABI says. It lies between its name and name_end, jumps nowhere else, and reads no word of itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_S390X_H
#define TESTS_REGISTERS_FUNCTIONS_S390X_H

#include <sys/auxv.h>

/* The bit of AT_HWCAP without which the machine has no such instructions, plus one. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(flags, 0)                                                                                                                    \
    X(save_area, 0)                                                                                                                \
    X(stack, 0)                                                                                                                    \
    X(kept, 0)                                                                                                                     \
    X(access_registers, 0)                                                                                                         \
    X(storage, 0)                                                                                                                  \
    X(executed, 0)                                                                                                                 \
    X(atomics, 0)                                                                                                                  \
    X(floats, 0)                                                                                                                   \
    X(vectors, 12)                                                                                                                 \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    return feature == 0 || (getauxval(AT_HWCAP) >> (feature - 1) & 1);
}

/* clang-format off */
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .machine push; .machine z13; .p2align 4; .globl " #name "; .globl " #name "_end\n" \
            #name ":\n" __VA_ARGS__ #name "_end:\n        .machine pop\n")

/* The buffer's address is kept at 224. */
#define PUSH \
    "        stmg %r6, %r15, 48(%r15); lgr %r1, %r15; aghi %r15, -232; stg %r1, 0(%r15); stg %r2, 224(%r15)\n" \
    "        .irp n, 8,9,10,11,12,13,14,15; std %f\\n, (160 + (\\n - 8) * 8)(%r15); .endr\n"
#define POP \
    "        .irp n, 8,9,10,11,12,13,14,15; ld %f\\n, (160 + (\\n - 8) * 8)(%r15); .endr\n" \
    "        lmg %r6, %r15, 280(%r15)\n"
#define UPPER_16 "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"

/* Every register different, then arithmetic in which carry and borrow live in the condition code from one instruction to the next. */
FUNCTION(integers,
    PUSH
    "        lmg %r3, %r14, 24(%r2); lmg %r0, %r2, 0(%r2)\n"
    "        algr %r0, %r1; alcgr %r2, %r3; alcgr %r4, %r5; slgr %r6, %r7; slbgr %r8, %r9; slbgr %r10, %r11; alcgr %r12, %r13; alcgr %r14, %r0\n"
    "        agr %r1, %r2; locgrne %r3, %r5; locgro %r4, %r6; lcgr %r7, %r7; lngr %r8, %r9; ltgr %r10, %r10; locgrh %r11, %r12; cgr %r13, %r14\n"
    "        locgrl %r0, %r1; mlgr %r0, %r4; msgr %r2, %r3; oill %r5, 1; dsgr %r6, %r5; flogr %r8, %r9; lrvgr %r10, %r11; popcnt %r12, %r13\n"
    "        rllg %r14, %r0, 17; risbg %r1, %r2, 8, 40, 9; srag %r3, %r4, 3; sllg %r5, %r6, 0(%r7); slda %r8, 1; srdl %r10, 5; icm %r11, 5, 232(%r15)\n"
    "        llgfr %r12, %r13; lghi %r9, 3; tmll %r14, 0x1111; jno 1f; aghi %r0, 1\n"
    "1:      brctg %r9, 1b; clgr %r2, %r3; jh 2f; xilf %r4, 0x12345678\n"
    "2:      cgijne %r0, 5, 3f; nopr\n"
    "3:      .irp n, 0,1,3,4,5,6,7,8,9,10,11,12,13,14; xgr %r2, %r\\n; .endr\n"
    POP
    "        br %r14\n");

/* Each condition code, and the bits of the program mask, across instructions that leave them alone; branches by them. */
FUNCTION(flags,
    "        .irp bits, 0x0000, 0x1000, 0x2000, 0x3000, 0x0100, 0x0200, 0x0400, 0x0800, 0x3f00, 0x1a00, 0x2500\n"
    "        llilh %r1, \\bits; spm %r1; lghi %r3, 7; nopr; la %r4, 5(%r3); lgr %r5, %r4; lghi %r0, 0; ipm %r0; xgr %r5, %r0; .endr\n"
    "        llilh %r1, 0x1000; spm %r1; lghi %r3, 7; jnl 1f; llilh %r1, 0x2400; spm %r1; lghi %r3, 7; jnh 1f\n"
    "        llilh %r1, 0x3800; spm %r1; lghi %r3, 7; jno 1f; llilh %r1, 0x0000; spm %r1; jne 1f; br %r14\n"
    "1:      .short 0\n");

/* What lies above the stack pointer of a function that has just been called, and has no frame yet: its own to write to. */
FUNCTION(save_area,
    "        mvc 16(144, %r15), 0(%r2); stmg %r0, %r1, 16(%r15); stmg %r6, %r15, 48(%r15); lg %r3, 48(%r15); clc 128(32, %r15), 112(%r2); jne 1f\n"
    "        clc 32(16, %r15), 16(%r2); jne 1f; cgr %r3, %r6; jne 1f; lg %r4, 112(%r15); cgr %r4, %r14; jne 1f; clg %r15, 120(%r15); jne 1f\n"
    "        lmg %r6, %r15, 48(%r15); lmg %r0, %r1, 16(%r15); br %r14\n"
    "1:      .short 0\n");

/* Calls, frames, the chain of frames, a stack pointer that is no multiple of 8 while nobody uses it. */
FUNCTION(stack,
    "        stmg %r11, %r15, 88(%r15); lgr %r1, %r15; lay %r15, -200(%r15); stg %r1, 0(%r15); lgr %r11, %r15; lghi %r3, 5\n"
    "4:      aghi %r15, -168; la %r1, 168(%r15); stg %r1, 0(%r15); stg %r2, 160(%r15); brct %r3, 4b\n"
    "        aghi %r15, -11; nopr; aghi %r15, 11; bras %r14, 1f; lgr %r15, %r11; j 2f\n"
    "1:      stmg %r14, %r15, 112(%r15); lgr %r1, %r15; aghi %r15, -160; stg %r1, 0(%r15); larl %r1, 3f; basr %r14, %r1; brasl %r14, 5f\n"
    "        lmg %r14, %r15, 272(%r15); br %r14\n"
    "3:      ldgr %f0, %r15; ldgr %f2, %r11; aghi %r15, -176; std %f0, 0(%r15); stg %r3, 168(%r15); lg %r3, 168(%r15); lgdr %r15, %f0; lgdr %r11, %f2; br %r14\n"
    "5:      aghi %r2, 1; br %r14\n"
    "2:      lmg %r11, %r15, 288(%r15); br %r14\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH
    "        lmg %r6, %r13, 0(%r2); .irp n, 8,9,10,11,12,13,14,15; ld %f\\n, (\\n * 8)(%r2); .endr\n"
    "        .rept 3; algr %r6, %r7; rllg %r8, %r8, 7; xgr %r9, %r6; slgr %r10, %r9; msgr %r11, %r12; xgr %r13, %r11; lgr %r14, %r13; ogr %r7, %r14\n"
    "        ldr %f8, %f9; lcdfr %f10, %f11; lndfr %f12, %f13; cpsdr %f14, %f15, %f8; ldgr %f9, %r6; lgdr %r12, %f14; .endr\n"
    POP
    "        br %r14\n");

/* The access registers, but for the two that are the thread pointer. */
FUNCTION(access_registers,
    "        lam %a2, %a15, 64(%r2); ear %r3, %a2; sar %a3, %r3; ear %r4, %a15; sar %a4, %r4; ear %r4, %a9; ar %r4, %r3; sar %a14, %r4; stam %a2, %a15, 128(%r2)\n"
    "        ear %r1, %a0; sllg %r1, %r1, 32; ear %r1, %a1; lgr %r5, %r1; stam %a0, %a1, 192(%r2); cg %r5, 192(%r2); jne 1f; br %r14\n"
    "1:      .short 0\n");

/* Instructions that work on storage, some of which may be interrupted and go on from the registers; pairs of those. */
FUNCTION(storage,
    PUSH
    "        mvi 255(%r2), 0; la %r4, 1024(%r2); lghi %r5, 700; lgr %r6, %r2; lghi %r7, 500; iilh %r7, 0x4000; mvcl %r4, %r6; ipm %r1\n"
    "        la %r4, 1024(%r2); lghi %r5, 600; lgr %r6, %r2; lghi %r7, 500; iilh %r7, 0x4000; clcl %r4, %r6; ipm %r3\n"
    "        la %r4, 2048(%r2); lghi %r5, 900; lgr %r6, %r2; lghi %r7, 800\n"
    "1:      mvcle %r4, %r6, 0x40; jo 1b; la %r4, 2048(%r2); lghi %r5, 900; lgr %r6, %r2; lghi %r7, 800\n"
    "2:      clcle %r4, %r6, 0x40; jo 2b; la %r4, 3000(%r2); lgr %r5, %r2; lghi %r0, 0\n"
    "3:      mvst %r4, %r5; jo 3b; la %r4, 3000(%r2); lgr %r5, %r2\n"
    "4:      clst %r4, %r5; jo 4b; la %r8, 600(%r2); lgr %r9, %r2; lghi %r0, 0x33\n"
    "5:      srst %r8, %r9; jo 5b; xc 16(100, %r2), 200(%r2); nc 300(50, %r2), 400(%r2); tr 0(64, %r2), 1024(%r2); trt 64(64, %r2), 2048(%r2)\n"
    "        pack 512(8, %r2), 600(15, %r2); unpk 640(15, %r2), 512(8, %r2); cvd %r5, 520(%r2); mvo 536(8, %r2), 544(7, %r2); stcm %r5, 5, 560(%r2)\n"
    "        mvcin 700(9, %r2), 808(%r2); clm %r5, 6, 561(%r2); oi 3(%r2), 0x11; tm 4(%r2), 0x81; ipm %r0; asi 8(%r2), 5; algsi 16(%r2), -3\n"
    POP
    "        br %r14\n");

/* An instruction that has another one executed, which lies elsewhere. */
FUNCTION(executed,
    "        .pushsection .text.executed, \"ax\"\n"
    "executed_move: mvc 0(1, %r2), 256(%r2)\n"
    "executed_compare: clc 0(1, %r2), 256(%r2)\n"
    "executed_add: algr %r3, %r4\n"
    "        .popsection\n"
    "        lghi %r1, 99; exrl %r1, executed_move; exrl %r1, executed_compare; jne 1f; larl %r5, executed_move; ex %r1, 0(%r5)\n"
    "        lg %r3, 8(%r2); lg %r4, 16(%r2); lgr %r0, %r3; exrl 0, executed_add; algr %r0, %r4; cgr %r0, %r3; jne 1f; br %r14\n"
    "1:      .short 0\n");

/* Each is whole, or has not been. */
FUNCTION(atomics,
    "        stmg %r6, %r11, 48(%r15); lghi %r6, 1; lmg %r0, %r1, 0(%r2); lg %r3, 8(%r2); csg %r0, %r6, 0(%r2); jne 1f; lgr %r0, %r6; lmg %r4, %r5, 16(%r2)\n"
    "        cdsg %r0, %r4, 0(%r2); jne 1f; l %r3, 32(%r2); cs %r3, %r6, 32(%r2); jne 1f; laag %r7, %r6, 40(%r2); laog %r8, %r7, 48(%r2); laxg %r9, %r8, 56(%r2)\n"
    "        lpq %r10, 64(%r2); stpq %r10, 80(%r2); bcr 15, 0; ts 96(%r2); ipm %r3; lmg %r6, %r11, 48(%r15); br %r14\n"
    "1:      .short 0\n");

/* Every rounding, and exceptions that are noted, in the word of control, in 64 and 128 bits. */
FUNCTION(floats,
    PUSH
    "        .irp r, 0, 1, 2, 3; lghi %r1, \\r; sfpc %r1; lghi %r3, 1; cdgbr %f0, %r3; lghi %r3, 3; cdgbr %f1, %r3; ldr %f8, %f0; ddbr %f8, %f1; sqdbr %f9, %f1\n"
    "        cgdbr %r4, 0, %f9; fidbr %f10, 0, %f9; madbr %f11, %f8, %f9; lzdr %f12; ldr %f13, %f0; ddbr %f13, %f12; sdbr %f13, %f13; cdbr %f8, %f9; efpc %r5; ipm %r6\n"
    "        ledbr %f14, %f8; ldebr %f15, %f14; lxdbr %f0, %f8; lxdbr %f1, %f9; axbr %f0, %f1; mxbr %f1, %f0; ldxbr %f4, %f1; tcdb %f13, 15; stfpc 0(%r2); .endr\n"
    "        srnm 2; cdgbr %f3, %r5; ltdbr %f3, %f3; lcdbr %f5, %f3; srnm 0; lghi %r1, 0x60; sfpc %r1; efpc %r7; lghi %r1, 0; sfpc %r1; ldr %f6, %f5\n"
    POP
    "        br %r14\n");

/* All bits of all registers. */
FUNCTION(vectors,
    PUSH
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15," UPPER_16 ",31; vl %v\\n, (\\n * 16)(%r2); .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; vag %v\\n, %v\\n, %v31; vsldb %v31, %v31, %v\\n, 5; .endr\n"
    "        .irp n, " UPPER_16 "; vperm %v\\n, %v0, %v1, %v\\n; vmlhb %v31, %v\\n, %v31; .endr\n"
    "        vceqbs %v2, %v3, %v4; ipm %r3; vgmg %v5, 3, 40; vsumqg %v6, %v7, %v8; vgfmb %v9, %v10, %v11; vfadb %v12, %v13, %v14; vaccq %v15, %v16, %v17\n"
    "        vlgvg %r4, %v18, 1; vlvgp %v19, %r4, %r3; vll %v20, %r4, 0(%r2); vtm %v21, %v22; locgro %r3, %r4; vfenebs %v23, %v24, %v25; vlr %v26, %v27\n"
    "        vstm %v28, %v31, 1024(%r2); vsel %v29, %v30, %v31, %v28; vrepib %v27, 5; vst %v27, 0(%r2)\n"
    POP
    "        br %r14\n");

/* In and out of the kernel: getpid and sched_yield, by both ways of saying which. */
FUNCTION(kernel,
    "        lghi %r1, 20; lghi %r3, 7; lghi %r4, 8; svc 0; lgr %r5, %r2; svc 158; agr %r2, %r5; br %r14\n");
/* clang-format on */

#endif
