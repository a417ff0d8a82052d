/* What the tests of the CPU contract need in assembly of ppc64 and ppc64le; see abi.h. The machine must have VSX (POWER7).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_PPC64_H
#define TESTS_ARCH_ABI_PPC64_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include "arch/ppc64/state.h"

#define ABI_TRAP "trap; .long 0"
enum { ABI_SKIP = 8 };

/* ---- the control words ---- */

enum {
    PPC64_MODES = 0x3 /* rounding */,
    PPC64_STICKY = 0x9e000000,
    PPC64_ENABLED = 0xf8,
    PPC64_VSCR = 0x10001,
    PPC64_FRESH_VSCR = 0x10000
};

/* Rounding, and either exceptions that have been, or ones that trap: both would be a trap at once. */
static inline uint64_t ppc64_random_fpscr(uint64_t *state)
{
    uint64_t random = abi_random(state);
    return (random & PPC64_MODES) | (random & (random >> 40 & 1 ? PPC64_ENABLED : PPC64_STICKY));
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t r[18];
    uint64_t f[18];
    uint8_t v[12][16];
    uint64_t cr, fpscr;
    struct vscr vscr;
    uint64_t vrsave;
} __attribute__((aligned(16)));
_Static_assert(offsetof(struct abi_kept, v) == 288 && offsetof(struct abi_kept, cr) == 480, "abi_switch");
_Static_assert(offsetof(struct abi_kept, vscr) == 496 && offsetof(struct abi_kept, vrsave) == 512, "abi_switch");

/* clang-format off */
#define ABI_KEPT(name, field) {name, offsetof(struct abi_kept, field), sizeof(((struct abi_kept *)0)->field)}
static const struct abi_field abi_kept_fields[] = {
    ABI_KEPT("r14", r[0]), ABI_KEPT("r15", r[1]), ABI_KEPT("r16", r[2]), ABI_KEPT("r17", r[3]), ABI_KEPT("r18", r[4]),
    ABI_KEPT("r19", r[5]), ABI_KEPT("r20", r[6]), ABI_KEPT("r21", r[7]), ABI_KEPT("r22", r[8]), ABI_KEPT("r23", r[9]),
    ABI_KEPT("r24", r[10]), ABI_KEPT("r25", r[11]), ABI_KEPT("r26", r[12]), ABI_KEPT("r27", r[13]), ABI_KEPT("r28", r[14]),
    ABI_KEPT("r29", r[15]), ABI_KEPT("r30", r[16]), ABI_KEPT("r31", r[17]),
    ABI_KEPT("f14", f[0]), ABI_KEPT("f15", f[1]), ABI_KEPT("f16", f[2]), ABI_KEPT("f17", f[3]), ABI_KEPT("f18", f[4]),
    ABI_KEPT("f19", f[5]), ABI_KEPT("f20", f[6]), ABI_KEPT("f21", f[7]), ABI_KEPT("f22", f[8]), ABI_KEPT("f23", f[9]),
    ABI_KEPT("f24", f[10]), ABI_KEPT("f25", f[11]), ABI_KEPT("f26", f[12]), ABI_KEPT("f27", f[13]), ABI_KEPT("f28", f[14]),
    ABI_KEPT("f29", f[15]), ABI_KEPT("f30", f[16]), ABI_KEPT("f31", f[17]),
    ABI_KEPT("v20", v[0]), ABI_KEPT("v21", v[1]), ABI_KEPT("v22", v[2]), ABI_KEPT("v23", v[3]), ABI_KEPT("v24", v[4]), ABI_KEPT("v25", v[5]),
    ABI_KEPT("v26", v[6]), ABI_KEPT("v27", v[7]), ABI_KEPT("v28", v[8]), ABI_KEPT("v29", v[9]), ABI_KEPT("v30", v[10]), ABI_KEPT("v31", v[11]),
    ABI_KEPT("cr2 to cr4", cr), ABI_KEPT("fpscr", fpscr), ABI_KEPT("vscr", vscr), ABI_KEPT("vrsave", vrsave), {0}};
/* clang-format on */

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    enum { CR2_TO_CR4 = 0x00fff000 };
    enum { DECIMAL_ROUNDING = 7 };
    abi_random_bytes(kept, offsetof(struct abi_kept, cr), state);
    kept->cr = abi_random(state) & CR2_TO_CR4;
    kept->fpscr = ppc64_random_fpscr(state) | (abi_random(state) & DECIMAL_ROUNDING) << 32;
    kept->vscr = (struct vscr){{0}};
    kept->vscr.words[VSCR_WORD] = (uint32_t)abi_random(state) & PPC64_VSCR;
    kept->vrsave = (uint32_t)abi_random(state);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint64_t fpscr;
    void (*body)(void);
    struct vscr vscr;
} __attribute__((aligned(16)));
_Static_assert(offsetof(struct abi_entered, body) == 24, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

/* Its caller's frame is whole, and the first. */
static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 16 == 0 && *(uintptr_t *)abi_entered.sp == 0;
}

enum { PPC64_ODD_FPSCR = 0x82, PPC64_ODD_VSCR = 1 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    ppc64_set_fpscr(PPC64_ODD_FPSCR);
    ppc64_set_vscr(PPC64_ODD_VSCR);
    void *context = arch_context_init(top, entry);
    ppc64_set_fpscr(0);
    ppc64_set_vscr(PPC64_FRESH_VSCR);
    return context;
}

static inline bool abi_entry_control(void)
{
    return abi_entered.fpscr == PPC64_ODD_FPSCR && abi_entered.vscr.words[VSCR_WORD] == PPC64_ODD_VSCR;
}

/* ---- every register ---- */

/* The stack pointer is a multiple of 16. */
enum { ABI_VARIANTS = 4, ABI_VARIANT_STEP = 16, ABI_AREA = 16 };

struct abi_registers {
    uint64_t r[32], cr, xer, ctr, lr, fpscr, tar, vrsave, unused;
    struct vscr vscr;
    uint8_t vs[64][16];
    uint8_t red[ARCH_RED_ZONE];
};

struct abi_spin {
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
} __attribute__((aligned(16)));
_Static_assert(offsetof(struct abi_registers, vscr) == 320 && offsetof(struct abi_registers, vs) == 336, "abi_spin");
_Static_assert(offsetof(struct abi_registers, red) == 1360, "abi_spin");
_Static_assert(offsetof(struct abi_spin, out) == 1648 && offsetof(struct abi_spin, spinning) == 3296, "abi_spin");
_Static_assert(offsetof(struct abi_spin, old_sp) == 3320, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    enum { XER_BITS = 0xe000007f };
    struct abi_registers *in = &spin->in;
    (void)variant;
    abi_random_bytes(in, sizeof *in, state);
    in->r[0] = 0; /* the loop's */
    in->r[1] = (uintptr_t)spin;
    in->cr = (uint32_t)in->cr;
    in->xer &= XER_BITS;
    in->ctr = ~UINT64_C(0); /* the loop's */
    in->fpscr = ppc64_random_fpscr(state);
    in->vrsave = (uint32_t)in->vrsave;
    in->vscr = (struct vscr){{0}};
    in->vscr.words[VSCR_WORD] = (uint32_t)abi_random(state) & PPC64_VSCR;
}

static inline const char *ppc64_words_difference(const struct abi_registers *in, const struct abi_registers *out)
{
    return in->cr != out->cr           ? "cr"
           : in->xer != out->xer       ? "xer"
           : in->ctr != out->ctr       ? "ctr"
           : in->lr != out->lr         ? "lr"
           : in->fpscr != out->fpscr   ? "fpscr"
           : in->tar != out->tar       ? "tar"
           : in->vrsave != out->vrsave ? "vrsave"
                                       : NULL;
}

/* r13 is the thread's. */
static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 0; i < 32; i++)
        if (i != 13 && in->r[i] != out->r[i])
            return snprintf(name, sizeof(name), "r%d", i), name;
    for (int i = 0; i < 64; i++)
        if (memcmp(in->vs[i], out->vs[i], 16))
            return snprintf(name, sizeof(name), "vs%d", i), name;
    if (memcmp(&in->vscr, &out->vscr, sizeof in->vscr))
        return "vscr";
    if (memcmp(in->red, out->red, sizeof in->red))
        return "the red zone";
    return ppc64_words_difference(in, out);
}

enum { ABI_WAYS = 1 };

/* There is one only: the kernel's frame. */
static inline const char *abi_way(int way)
{
    return way == 0 ? "the kernel's frame" : NULL;
}

/* ---- what can not be made to call ---- */

enum { ABI_REFUSALS = 1 };

/* Edits a frame so that arch_inject must refuse it, and says why. */
static inline const char *abi_refusal(int number, void *frame)
{
    enum { MSR = 33, SUSPENDED = 33 };
    (void)number;
    ((ucontext_t *)frame)->uc_mcontext.gp_regs[MSR] |= 1UL << SUSPENDED;
    return "a frame of a transaction";
}

/* ---- how a callee finds things, and how it leaves them ---- */

void abi_destroy(void);

/* The name of a flag that has got here from somebody else's code, or NULL: a call keeps none. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (ppc64_fpscr() != 0)
        return "fpscr";
    if (ppc64_vscr() != PPC64_FRESH_VSCR)
        return "vscr";
    return (uintptr_t)__builtin_frame_address(0) % 16 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#if _CALL_ELF == 2
#define PPC64_FUNCTION(name)                                  \
    "        .globl  " name "\n"                              \
    "        .type   " name ", @function\n"                   \
    "        .p2align 4\n"                                    \
    name ":\n"
#define PPC64_FIND_TABLE(name)                                \
    "        addis   2, 12, .TOC. - " name "@ha\n"            \
    "        addi    2, 2, .TOC. - " name "@l\n"              \
    "        .localentry " name ", . - " name "\n"
#define PPC64_JUMP                                            \
    "        mtctr   12\n"                                    \
    "        bctr\n"
#else
#define PPC64_FUNCTION(name)                                  \
    "        .pushsection \".opd\", \"aw\"\n"                 \
    "        .p2align 3\n"                                    \
    "        .globl  " name "\n"                              \
    "        .type   " name ", @function\n"                   \
    name ":  .quad   .L." name ", .TOC.@tocbase, 0\n"         \
    "        .popsection\n"                                   \
    "        .p2align 4\n"                                    \
    ".L." name ":\n"
#define PPC64_FIND_TABLE(name)
#define PPC64_JUMP                                            \
    "        ld      2, 8(12)\n"                              \
    "        ld      12, 0(12)\n"                             \
    "        mtctr   12\n"                                    \
    "        bctr\n"
#endif

#define PPC64_KEPT "14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define PPC64_KEPT_V "20,21,22,23,24,25,26,27,28,29,30,31"
#define PPC64_ALL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define PPC64_ALL_64 PPC64_ALL ",32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
#define PPC64_FRAME "704" /* of it 112 to 624 as struct abi_kept, 640 lr, 648 a word, 656 fpscr */
__asm__(
    "        .text\n"
    "        .machine push\n"
    "        .machine power8\n"
    /* std or ld, stfd or lfd, stvx or lvx, of what a call keeps, as struct abi_kept has it; destroys r12 */
    "        .macro  ABI_KEPT r, f, v, at, base\n"
    "        .irp    n, " PPC64_KEPT "\n"
    "        \\r     \\n, \\at + (\\n - 14) * 8(\\base)\n"
    "        \\f     \\n, \\at + 144 + (\\n - 14) * 8(\\base)\n"
    "        .endr\n"
    "        .irp    n, " PPC64_KEPT_V "\n"
    "        li      12, \\at + 288 + (\\n - 20) * 16\n"
    "        \\v     \\n, \\base, 12\n"
    "        .endr\n"
    "        .endm\n"
    "        .macro  ABI_OWN\n"
    "        mflr    0\n"
    "        mfcr    12\n"
    "        std     0, 16(1)\n"
    "        std     12, 8(1)\n"
    "        stdu    1, -" PPC64_FRAME "(1)\n"
    "        ABI_KEPT std, stfd, stvx, 112, 1\n"
    "        mffs    0\n"
    "        stfd    0, 656(1)\n"
    "        .endm\n"
    "        .macro  ABI_OWN_BACK\n"
    "        lfd     0, 656(1)\n"
    "        mtfsf   255, 0, 1, 0\n"
    "        ABI_KEPT ld, lfd, lvx, 112, 1\n"
    "        addi    1, 1, " PPC64_FRAME "\n"
    "        ld      0, 16(1)\n"
    "        ld      12, 8(1)\n"
    "        mtlr    0\n"
    "        mtcrf   0x38, 12\n"
    "        blr\n"
    "        .endm\n"
);

#define PPC64_KEEPING(name, callee)                           \
__asm__(                                                      \
    PPC64_FUNCTION(name)                                      \
    "        ABI_OWN\n"                                       \
    "        std     6, 648(1)\n"                             \
    "        li      12, 496\n"                               \
    "        lvx     0, 5, 12\n"                              \
    "        mtvscr  0\n"                                     \
    "        lfd     0, 488(5)\n"                             \
    "        mtfsf   255, 0, 1, 0\n"                          \
    "        ld      12, 480(5)\n"                            \
    "        mtcrf   0x38, 12\n"                              \
    "        ld      12, 512(5)\n"                            \
    "        mtspr   256, 12\n"                               \
    "        ABI_KEPT ld, lfd, lvx, 0, 5\n"                   \
    "        bl      " callee "\n"                            \
    "        nop\n"                                           \
    "        ld      6, 648(1)\n"                             \
    "        ABI_KEPT std, stfd, stvx, 0, 6\n"                \
    "        mfcr    12\n"                                    \
    "        rlwinm  12, 12, 0, 8, 19\n"                      \
    "        std     12, 480(6)\n"                            \
    "        mffs    0\n"                                     \
    "        stfd    0, 488(6)\n"                             \
    "        mfvscr  0\n"                                     \
    "        li      12, 496\n"                               \
    "        stvx    0, 6, 12\n"                              \
    "        mfspr   12, 256\n"                               \
    "        std     12, 512(6)\n"                            \
    "        ABI_OWN_BACK\n"                                  \
)
PPC64_KEEPING("abi_switch", "arch_switch");
PPC64_KEEPING("abi_call", "arch_call");

__asm__(
    "        .comm   abi_entered, 48, 16\n"
    PPC64_FUNCTION("abi_entry")
    PPC64_FIND_TABLE("abi_entry")
    "        addis   9, 2, abi_entered@toc@ha\n"
    "        addi    9, 9, abi_entered@toc@l\n"
    "        mflr    0\n"
    "        std     1, 0(9)\n"
    "        std     0, 8(9)\n"
    "        mffs    0\n"
    "        stfd    0, 16(9)\n"
    "        mfvscr  0\n"
    "        li      12, 32\n"
    "        stvx    0, 9, 12\n"
    "        ld      12, 24(9)\n"
    PPC64_JUMP

    /* offsets: in 0 (r 0, cr 256, xer 264, ctr 272, lr 280, fpscr 288, tar 296, vrsave 304, vscr 320, vs 336, red 1360), out 1648,
     * spinning 3296, old_sp 3320 */
    PPC64_FUNCTION("abi_spin")
    "        ABI_OWN\n"
    "        std     2, 24(1)\n"
    "        std     1, 3320(3)\n"
    "        mr      1, 3\n"
    "        std     13, 13 * 8(1)\n"
    "        .irp    n, " PPC64_ALL ",32,33,34,35\n"
    "        ld      9, 1360 + \\n * 8(1)\n"
    "        std     9, \\n * 8 - 288(1)\n"
    "        .endr\n"
    "        li      9, 320\n"
    "        lvx     0, 1, 9\n"
    "        mtvscr  0\n"
    "        lfd     0, 288(1)\n"
    "        mtfsf   255, 0\n"
    "        .irp    n, " PPC64_ALL_64 "\n"
    "        li      9, 336 + \\n * 16\n"
    "        lxvd2x  \\n, 1, 9\n"
    "        .endr\n"
    "        ld      9, 256(1)\n"
    "        mtcr    9\n"
    "        ld      9, 264(1)\n"
    "        mtxer   9\n"
    "        ld      9, 280(1)\n"
    "        mtlr    9\n"
    "        ld      9, 296(1)\n"
    "        mtspr   815, 9\n"
    "        ld      9, 304(1)\n"
    "        mtspr   256, 9\n"
    "        .irp    n, 0,2,3,4,5,6,7,8,9,10,11,12,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        ld      \\n, \\n * 8(1)\n"
    "        .endr\n"
    /* The loop leaves the conditions alone. A known value is in r0, then in ctr, then what is read from memory in both. */
    "1:      li      0, 0x5555\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        xori    0, 0, 0x5555\n"
    "        addi    0, 0, 1\n"
    "        mtctr   0\n"
    "        bdnz    3f\n"
    "        li      0, 0x5555\n"
    "        mtctr   0\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        mfctr   0\n"
    "        xori    0, 0, 0x5555\n"
    "        addi    0, 0, 1\n"
    "        mtctr   0\n"
    "        bdnz    3f\n"
    "        ld      0, 3296(1)\n"
    "        mtctr   0\n"
    "        bdz     1b\n"
    "3:      .irp    n, " PPC64_ALL "\n"
    "        std     \\n, 1648 + \\n * 8(1)\n"
    "        .endr\n"
    "        mfcr    9\n"
    "        std     9, 1648 + 256(1)\n"
    "        mfxer   9\n"
    "        std     9, 1648 + 264(1)\n"
    "        mfctr   9\n"
    "        std     9, 1648 + 272(1)\n"
    "        mflr    9\n"
    "        std     9, 1648 + 280(1)\n"
    "        mfspr   9, 815\n"
    "        std     9, 1648 + 296(1)\n"
    "        mfspr   9, 256\n"
    "        std     9, 1648 + 304(1)\n"
    "        .irp    n, " PPC64_ALL_64 "\n"
    "        li      9, 1648 + 336 + \\n * 16\n"
    "        stxvd2x \\n, 1, 9\n"
    "        .endr\n"
    "        mffs    0\n"
    "        stfd    0, 1648 + 288(1)\n"
    "        mfvscr  0\n"
    "        li      9, 1648 + 320\n"
    "        stvx    0, 1, 9\n"
    "        .irp    n, " PPC64_ALL ",32,33,34,35\n"
    "        ld      9, \\n * 8 - 288(1)\n"
    "        std     9, 1648 + 1360 + \\n * 8(1)\n"
    "        .endr\n"
    "        ld      1, 3320(1)\n"
    "        ld      2, 24(1)\n"
    "        ABI_OWN_BACK\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    PPC64_FUNCTION("abi_wait")
    "        .cfi_startproc\n"
    "        stdu    1, -48(1)\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      ld      4, 0(3)\n"
    "        cmpdi   4, 0\n"
    "        bne     1b\n"
    "        addi    1, 1, 48\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        blr\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    PPC64_FUNCTION("abi_destroy")
    "        .irp    n, 32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51\n"
    "        xxlnor  \\n, \\n, \\n\n"
    "        .endr\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13\n"
    "        xxlxor  \\n, \\n, \\n\n"
    "        xxlnor  \\n, \\n, \\n\n"
    "        .endr\n"
    /* of these a call keeps the first half */
    "        .irp    n, " PPC64_KEPT "\n"
    "        xxpermdi \\n, \\n, 0, 1\n"
    "        .endr\n"
    "        mtfsfi  0, 9\n"
    "        mtfsfi  1, 12\n"
    "        .irp    n, 2,3,4,5,6\n"
    "        mtfsfi  \\n, 0\n"
    "        .endr\n"
    "        mtfsfi  7, 3\n"
    "        vspltisw 0, 1\n"
    "        mtvscr  0\n"
    "        lis     0, 0x5555\n"
    "        mtctr   0\n"
    "        mtxer   0\n"
    "        mtspr   815, 0\n"
    "        mtcrf   0xc7, 0\n"
    "        .irp    n, 3,4,5,6,7,8,9,10,11,12\n"
    "        mr      \\n, 0\n"
    "        .endr\n"
    "        blr\n"
    "        .machine pop\n"
);
/* clang-format on */

#endif
