/* The code that is preempted at each of its instructions, on ppc64 and ppc64le. A function gets 4 KB of random bytes, aligned to
 * 64, and keeps what the ABI says. It lies between its name and name_end, jumps nowhere else, reads no word of itself, and has no
 * pair of load and reserve and store conditional, which bears no trap in between.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FUNCTIONS_PPC64_H
#define TESTS_REGISTERS_FUNCTIONS_PPC64_H

#include <sys/auxv.h>

/* The bit of AT_HWCAP without which the machine has no such instructions, plus one; 64 more: of AT_HWCAP2. */
#define FUNCTIONS(X)                                                                                                               \
    X(integers, 0)                                                                                                                 \
    X(conditions, 0)                                                                                                               \
    X(carries, 0)                                                                                                                  \
    X(counts, 0)                                                                                                                   \
    X(stack, 0)                                                                                                                    \
    X(red_zone, 0)                                                                                                                 \
    X(kept, 0)                                                                                                                     \
    X(floats, 0)                                                                                                                   \
    X(vectors, 29)                                                                                                                 \
    X(saturation, 29)                                                                                                              \
    X(scalars, 8)                                                                                                                  \
    X(target, 91)                                                                                                                  \
    X(kernel, 0)

static inline bool machine_has(unsigned feature)
{
    uint64_t bits = getauxval(feature > 64 ? AT_HWCAP2 : AT_HWCAP);
    return feature == 0 || (bits >> (feature - 1) % 64 & 1);
}

/* clang-format off */
#if _CALL_ELF == 2
#define FUNCTION(name, ...)                                   \
    __asm__("        .text; .machine push; .machine power8; .p2align 4; .globl " #name "; .globl " #name "_end; .type " #name ", @function\n" \
            #name ":\n" __VA_ARGS__ #name "_end: .machine pop\n")
#else
#define FUNCTION(name, ...)                                   \
    __asm__("        .pushsection \".opd\", \"aw\"; .p2align 3; .globl " #name "; .globl " #name "_end; .type " #name ", @function\n" \
            #name ": .quad .L." #name ", .TOC.@tocbase, 0; .popsection\n" \
            "        .text; .machine push; .machine power8; .p2align 4\n" \
            ".L." #name ":\n" __VA_ARGS__ #name "_end: .machine pop\n")
#endif

#define KEPT_R "14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define KEPT_V "20,21,22,23,24,25,26,27,28,29,30,31"
#define BUT_013 "0,4,5,6,7,8,9,10,11,12," KEPT_R
#define ALL_32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13," KEPT_R
#define PUSH_KEPT \
    "        mflr 0; mfcr 12; std 0, 16(1); std 12, 8(1); std 2, 24(1); stdu 1, -272(1)\n" \
    "        .irp n, " KEPT_R "; std \\n, 112 + (\\n - 14) * 8(1); .endr\n"
#define POP_KEPT \
    "        .irp n, " KEPT_R "; ld \\n, 112 + (\\n - 14) * 8(1); .endr\n" \
    "        addi 1, 1, 272; ld 0, 16(1); ld 12, 8(1); ld 2, 24(1); mtlr 0; mtcrf 0x38, 12\n"
#define PUSH_FLOATS \
    "        stdu 1, -272(1); .irp n, " KEPT_R "; stfd \\n, 112 + (\\n - 14) * 8(1); .endr\n"
#define POP_FLOATS \
    "        .irp n, " KEPT_R "; lfd \\n, 112 + (\\n - 14) * 8(1); .endr; addi 1, 1, 272\n"
#define PUSH_VECTORS \
    "        stdu 1, -320(1); .irp n, " KEPT_V "; li 12, 112 + (\\n - 20) * 16; stvx \\n, 1, 12; .endr\n"
#define POP_VECTORS \
    "        .irp n, " KEPT_V "; li 12, 112 + (\\n - 20) * 16; lvx \\n, 1, 12; .endr; addi 1, 1, 320\n"

/* Every register different, and then all at work. */
FUNCTION(integers,
    PUSH_KEPT
    "        ld 2, 16(3); .irp n, " BUT_013 "; ld \\n, \\n * 8(3); .endr; mtlr 4; mtctr 5; mtxer 6\n"
    "        add 0, 4, 5; subf 6, 7, 8; mulld 9, 10, 11; mulhdu 12, 14, 15; mulhd 16, 17, 18; divdu 19, 20, 21; divd 22, 23, 24\n"
    "        rldicl 25, 26, 13, 7; rldimi 27, 28, 21, 9; rlwinm 29, 30, 5, 3, 20; sld 31, 0, 4; srad 5, 6, 7; sraw 8, 9, 10; cntlzd 11, 12\n"
    "        popcntd 14, 15; extsw 16, 17; nand 18, 19, 20; orc 21, 22, 23; eqv 24, 25, 26; isel 27, 28, 29, 6; cmpd 3, 30, 31; cmpld 7, 0, 4\n"
    "        isel 5, 6, 7, 13; bgt 3, 1f; addi 8, 8, 1\n"
    "1:      xor 9, 9, 2; mflr 10; mfctr 11; xor 9, 9, 10; xor 9, 9, 11\n"
    "        .irp n, " BUT_013 "; xor 9, 9, \\n; .endr; std 9, 0(3)\n"
    POP_KEPT
    "        blr\n");

/* Each field by itself, and all, across instructions that leave them alone. */
FUNCTION(conditions,
    "        mfcr 12; std 12, 8(1); ld 9, 0(3); mtcr 9; li 10, 7; nop; mfcr 11; xor 11, 11, 9\n"
    "        .irp f, 0,1,2,3,4,5,6,7; cmpdi \\f, 10, 7; nop; cmpldi \\f, 10, 9; nop; mfcr 11; .endr\n"
    "        cror 0, 5, 10; crnand 8, 12, 17; crxor 21, 22, 27; mcrf 1, 6; mfocrf 11, 0x10; mtocrf 0x02, 9; creqv 31, 31, 31; crandc 2, 31, 9\n"
    "        lis 9, -32768; mtcr 9; bge 1f; cmpdi 3, 10, 7; bne 3, 1f; beq 3, 2f\n"
    "1:      .long 0\n"
    "2:      ld 12, 8(1); mtcrf 0x38, 12; blr\n");

/* Carries, overflows and their summary, and the length of a string, from one instruction to the next. */
FUNCTION(carries,
    "        ld 4, 0(3); ld 5, 8(3); ld 6, 16(3); li 0, -1; addc 7, 4, 0; adde 8, 5, 6; addze 9, 8; addme 10, 9; subfc 11, 10, 4; subfe 12, 11, 5\n"
    "        subfze 4, 12; subfme 5, 4; addic 6, 5, -1; sradi 7, 0, 3; srawi 8, 0, 5; subfic 9, 8, 77; addze 10, 9; mfxer 11\n"
    "        lis 4, 0x7fff; sldi 4, 4, 32; addo. 5, 4, 4; addo 6, 5, 4; nop; mfxer 11; mullwo. 7, 4, 4; divdo. 8, 4, 5; nego 9, 0; mfcr 12\n"
    "        lis 4, 0x6000; addi 4, 4, 0x35; mtxer 4; nop; addze 5, 0; mfxer 6; xor 6, 6, 4; li 4, 0; mtxer 4; blr\n");

/* The counter and the link register, by branches of all kinds. */
FUNCTION(counts,
    "        mflr 0; std 0, 16(1); li 4, 5; mtctr 4\n"
    "1:      addi 5, 5, 3; bdnz 1b; li 4, 3; mtctr 4; cmpdi 4, 3\n"
    "2:      nop; bdnzt 2, 2b; bl 3f; bcl 20, 31, 4f\n"
    "4:      mflr 6; addi 6, 6, 5f - 4b; mtctr 6; li 7, 1; bctr; .long 0\n"
    "5:      mflr 6; addi 6, 6, 6f - 4b; mtctr 6; bctrl; b 7f\n"
    "3:      mflr 8; addi 8, 8, 0; blr\n"
    "6:      mflr 9; addi 9, 9, 1; cmpdi 9, 0; bnelr; .long 0\n"
    "7:      ld 0, 16(1); mtlr 0; blr\n");

/* Frames, the chain, calls; a stack pointer that is no multiple of 16 while nobody uses it. */
FUNCTION(stack,
    "        mflr 0; std 0, 16(1); std 31, -8(1); stdu 1, -128(1); mr 31, 1\n"
    "        .irp n, 1, 2, 3, 4, 5; li 9, -64; stdux 1, 1, 9; std 9, 40(1); ld 10, 0(1); .endr\n"
    "        addi 1, 1, -8; nop; addi 1, 1, 8; bl 1f; ld 9, 0(31); mr 1, 9; ld 31, -8(1); ld 0, 16(1); mtlr 0; blr\n"
    "1:      mflr 0; std 0, 16(1); stdu 1, -112(1); std 3, 104(1); ld 4, 104(1); addi 1, 1, 112; ld 0, 16(1); mtlr 0; blr\n");

/* What lies below the stack pointer is the function's. */
FUNCTION(red_zone,
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35\n"
    "        ld 4, \\n * 8(3); std 4, \\n * 8 - 288(1); .endr; li 5, 0\n"
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35\n"
    "        ld 4, \\n * 8(3); ld 6, \\n * 8 - 288(1); xor 4, 4, 6; or 5, 5, 4; .endr; cmpdi 5, 0; beqlr; .long 0\n");

/* The registers that a call keeps, at work. */
FUNCTION(kept,
    PUSH_KEPT PUSH_FLOATS PUSH_VECTORS
    "        .irp n, " KEPT_R "; ld \\n, \\n * 8(3); lfd \\n, 256 + \\n * 8(3); .endr; .irp n, " KEPT_V "; li 12, \\n * 16; lvx \\n, 3, 12; .endr\n"
    "        lis 12, 0x12; mtcrf 0x38, 12; mfspr 11, 256; li 12, 0x777; mtspr 256, 12\n"
    "        .rept 3; add 14, 14, 15; rotldi 16, 16, 7; xor 17, 17, 14; subf 18, 18, 17; mulld 19, 20, 21; xor 22, 22, 23; add 24, 25, 26; add 27, 28, 29\n"
    "        xor 30, 30, 31; fmr 14, 15; fneg 16, 17; fabs 18, 19; fsel 20, 21, 22, 23; fnabs 24, 25; fcpsgn 26, 27, 28; fmr 29, 30; fneg 31, 31\n"
    "        vxor 20, 20, 21; vadduwm 22, 23, 24; vnor 25, 26, 27; vsubuwm 28, 29, 30; vmr 31, 20; .endr; mfspr 12, 256; mtspr 256, 11\n"
    POP_VECTORS POP_FLOATS POP_KEPT
    "        blr\n");

/* Every rounding, modes, raised exceptions. */
FUNCTION(floats,
    PUSH_FLOATS
    "        mffs 8; .irp n, 0,1,2,3,4,5,6,7,9,10,11,12,13," KEPT_R "; lfd \\n, \\n * 8(3); .endr\n"
    "        fadd 9, 10, 11; fmsub 12, 13, 14, 15; fsel 16, 17, 18, 19; frsp 20, 21; fcmpu 5, 22, 23; fctidz 24, 25; fcfid 26, 27; fsqrt 28, 29; fre 30, 31\n"
    "        .irp r, 0, 1, 2, 3; mtfsfi 7, \\r; lfd 0, 0(3); lfd 1, 8(3); fdiv 2, 0, 1; fmul 3, 0, 1; frsp 4, 3; frin 5, 4; fctid 6, 0; mffs 7; fcmpo 1, 2, 3; .endr\n"
    "        mtfsb1 29; fmul 2, 3, 4; mtfsb0 29; fsub 0, 0, 0; fdiv 1, 0, 0; mffs 7; mtfsfi 0, 0; mcrfs 6, 3; mtfsb1 3; mtfsb1 6; mffs 7; mtfsf 255, 8\n"
    POP_FLOATS
    "        blr\n");

/* All bits of all registers. */
FUNCTION(vectors,
    PUSH_VECTORS
    "        .irp n, " ALL_32 "; li 12, \\n * 16; lvx \\n, 3, 12; .endr\n"
    "        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; vadduwm \\n, \\n, 31; vsldoi 31, 31, \\n, 5; .endr\n"
    "        .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30; vperm \\n, 0, 1, \\n; vmuloub 31, \\n, 31; .endr\n"
    "        vcmpgtub. 1, 2, 3; vsel 4, 5, 6, 7; vmaddfp 8, 9, 10, 11; vpkuhum 12, 13, 14; vmrghb 15, 16, 17; vsl 18, 19, 20; vcmpequw. 21, 22, 22\n"
    "        vctsxs 23, 24, 3; vrefp 25, 26; lvsl 27, 0, 3; stvx 31, 0, 3; stvewx 30, 0, 3; mfspr 4, 256; li 5, -1; mtspr 256, 5; nop; mtspr 256, 4\n"
    POP_VECTORS
    "        blr\n");

/* Saturation, which is noted, and the mode for small numbers, both ways. */
FUNCTION(saturation,
    "        mfvscr 5; vspltisw 0, -1; vspltisw 1, 5; vadduws 2, 0, 1; nop; mfvscr 3; vspltisw 4, 0; mtvscr 4; vaddfp 2, 0, 1; nop; mfvscr 3\n"
    "        lis 4, 1; addi 4, 4, 1; std 4, -16(1); std 4, -8(1); addi 4, 1, -16; lvx 4, 0, 4; mtvscr 4; vsububs 2, 1, 0; nop; mfvscr 3; mtvscr 5; blr\n");

/* All bits of all 64 registers. */
FUNCTION(scalars,
    PUSH_FLOATS PUSH_VECTORS
    "        .irp n, " ALL_32 "; li 12, \\n * 16; lxvd2x \\n, 3, 12; lxvd2x \\n + 32, 3, 12; .endr\n"
    "        .irp n, " ALL_32 "; xxlxor \\n, \\n, 32; xxpermdi \\n, \\n, \\n, 2; xxlorc \\n, \\n, 63; .endr\n"
    "        xxsldwi 1, 2, 3, 1; xxmrghw 4, 5, 6; xxsel 7, 8, 9, 10; xvadddp 11, 12, 13; xvmaddasp 14, 15, 16; xscmpudp 3, 17, 18; xxspltw 19, 20, 2\n"
    "        mfvsrd 9, 21; mtvsrd 22, 9; xscvdpsxds 23, 24; xvcmpeqdp. 25, 26, 27; li 12, 16; stxvd2x 28, 3, 12; stxvw4x 1, 3, 12; lxvdsx 29, 3, 12\n"
    "        mtfsfi 0, 0; mtfsfi 1, 0; .irp n, 2,3,4,5,6,7; mtfsfi \\n, 0; .endr\n"
    POP_VECTORS POP_FLOATS
    "        blr\n");

/* The register for targets of branches. */
FUNCTION(target,
    "        mflr 0; std 0, 16(1); bcl 20, 31, 1f\n"
    "1:      mflr 4; addi 4, 4, 2f - 1b; mtspr 815, 4; li 5, 1; nop; mfspr 6, 815; bctar 20, 0; .long 0\n"
    "2:      ld 0, 16(1); mtlr 0; li 4, 0x1234; mtspr 815, 4; nop; mfspr 6, 815; blr\n");

/* In and out of the kernel: getpid, sched_yield, and one that fails. */
FUNCTION(kernel,
    "        li 0, 20; li 4, 7; li 5, 8; sc; mr 9, 3; li 0, 158; sc; add 9, 9, 3; li 0, 6; li 3, -1; sc; bso 1f; .long 0\n"
    "1:      add 3, 3, 9; blr\n");
/* clang-format on */

#endif
