/* What the tests of the CPU contract need in arm64 assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_ARM64_H
#define TESTS_ARCH_ABI_ARM64_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

#define ABI_TRAP "brk #0; udf #0"
enum { ABI_SKIP = 8 };

/* ---- the control words ---- */

/* Rounding, flush to zero, default NaN, the other half precision. */
static inline uint32_t arm64_random_fpcr(uint64_t *state)
{
    return (uint32_t)abi_random(state) & 0x7c00000;
}

/* Which exceptions have been, and saturation. */
static inline uint32_t arm64_random_fpsr(uint64_t *state)
{
    return (uint32_t)abi_random(state) & 0x800009f;
}

static inline uint64_t arm64_fpcr(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

static inline void arm64_set_fpcr(uint64_t value)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(value));
}

static inline uint64_t arm64_fpsr(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpsr" : "=r"(value));
    return value;
}

/* Bytes of a vector register; 0: this machine has no SVE. */
static inline unsigned arm64_sve(void)
{
    enum { HAS_SVE = 1 << 22 };
    uint64_t bytes;
    if (!(getauxval(AT_HWCAP) & HAS_SVE))
        return 0;
    __asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
    return (unsigned)bytes;
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29;
    uint64_t d8, d9, d10, d11, d12, d13, d14, d15;
    uint64_t fpcr, fpsr;
};
_Static_assert(offsetof(struct abi_kept, d8) == 88 && offsetof(struct abi_kept, fpcr) == 152, "abi_switch");

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {ABI_KEPT(x19),  ABI_KEPT(x20),
                                                   ABI_KEPT(x21),  ABI_KEPT(x22),
                                                   ABI_KEPT(x23),  ABI_KEPT(x24),
                                                   ABI_KEPT(x25),  ABI_KEPT(x26),
                                                   ABI_KEPT(x27),  ABI_KEPT(x28),
                                                   ABI_KEPT(x29),  ABI_KEPT(d8),
                                                   ABI_KEPT(d9),   ABI_KEPT(d10),
                                                   ABI_KEPT(d11),  ABI_KEPT(d12),
                                                   ABI_KEPT(d13),  ABI_KEPT(d14),
                                                   ABI_KEPT(d15),  ABI_KEPT(fpcr),
                                                   ABI_KEPT(fpsr), {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fpcr), state);
    kept->fpcr = arm64_random_fpcr(state);
    kept->fpsr = arm64_random_fpsr(state);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint64_t fpcr;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == 24, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 16 == 0;
}

enum { ARM64_ODD_FPCR = 0x1c00000 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    arm64_set_fpcr(ARM64_ODD_FPCR);
    void *context = arch_context_init(top, entry);
    arm64_set_fpcr(0);
    return context;
}

static inline bool abi_entry_control(void)
{
    return abi_entered.fpcr == ARM64_ODD_FPCR;
}

/* ---- every register ---- */

/* The stack pointer is a multiple of 16 wherever it is used. AREA: 32 vectors of 256 bytes at most, 17 predicates. */
enum { ABI_VARIANTS = 4, ABI_VARIANT_STEP = 16, ABI_AREA = 32 * 256 + 17 * 32 };

struct abi_registers {
    uint64_t x[31], nzcv, fpcr, fpsr;
    uint8_t v[32][16];
};

struct abi_spin {
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint64_t sve;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
};
_Static_assert(offsetof(struct abi_spin, out) == 784 && offsetof(struct abi_spin, spinning) == 1568, "abi_spin");
_Static_assert(offsetof(struct abi_registers, v) == 272, "abi_spin");

void abi_spin(struct abi_spin *spin);

/* What a first fault register can hold: ones up to some place, zeros from there on. */
static inline void arm64_random_ffr(uint8_t *at, unsigned bytes, uint64_t *state)
{
    unsigned ones = (unsigned)(abi_random(state) % (8 * bytes));
    for (unsigned i = 0; i < 8 * bytes; i++)
        at[i / 8] = (uint8_t)((at[i / 8] & ~(1u << i % 8)) | (unsigned)(i < ones) << i % 8);
}

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.x[0] = 0; /* the loop's */
    spin->in.nzcv &= 0xf0000000;
    spin->in.fpcr = arm64_random_fpcr(state);
    spin->in.fpsr = arm64_random_fpsr(state);
    spin->sve = arm64_sve();
    abi_random_bytes(spin->in_area, ABI_AREA, state);
    arm64_random_ffr(spin->in_area + spin->sve * 34, (unsigned)spin->sve / 8, state);
    memset(spin->out_area, 0, ABI_AREA);
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;
    unsigned vl = (unsigned)spin->sve;

    for (int i = 0; i < 31; i++)
        if (in->x[i] != out->x[i])
            return snprintf(name, sizeof(name), "x%d", i), name;
    if (in->nzcv != out->nzcv || in->fpcr != out->fpcr || in->fpsr != out->fpsr)
        return in->nzcv != out->nzcv ? "nzcv" : in->fpcr != out->fpcr ? "fpcr" : "fpsr";
    for (unsigned i = 0; i < 32; i++)
        if (vl ? memcmp(spin->in_area + i * vl, spin->out_area + i * vl, vl) : memcmp(in->v[i], out->v[i], 16))
            return snprintf(name, sizeof(name), "v%u", i), name;
    if (memcmp(spin->in_area + 32 * vl, spin->out_area + 32 * vl, 2 * vl))
        return "p0-p15";
    return memcmp(spin->in_area + 34 * vl, spin->out_area + 34 * vl, vl / 8) ? "ffr" : NULL;
}

enum { ABI_WAYS = 1 };

/* There is one only: the kernel's frame. */
static inline const char *abi_way(int way)
{
    return way == 0 ? "the kernel's frame" : NULL;
}

/* ---- what can not be made to call ---- */

enum { ABI_REFUSALS = 2 };

/* Edits a frame so that arch_inject must refuse it, and says why. */
static inline const char *abi_refusal(int number, void *frame)
{
    struct record {
        uint32_t kind, size;
        uint16_t length, flags;
    } *r = (struct record *)((char *)frame + 176 + 288);

    while (r->kind && r->kind != (number == 1 ? 0x53564501 : 0x54366345))
        r = (struct record *)((char *)r + r->size);
    if (number == 1) {
        if (!r->kind)
            memset((char *)r + 16, 0, 8);
        *r = (struct record){0x53564501, r->kind ? r->size : 16, 16, 1};
        return "a frame of streaming mode";
    }
    *r = (struct record){0x54366345, 32, 16, 0};
    memset((char *)r + 32, 0, 8);
    return "a frame with a matrix in use";
}

/* ---- how a callee finds things, and how it leaves them ---- */

void arm64_destroy(uint64_t sve);

static inline void abi_destroy(void)
{
    arm64_destroy(arm64_sve());
}

/* The name of a flag that has got here from somebody else's code, or NULL: a call keeps none. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (arm64_fpcr() != 0)
        return "fpcr";
    if (arm64_fpsr() != 0)
        return "fpsr";
    return (uintptr_t)__builtin_frame_address(0) % 16 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define ARM64_ALL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"
__asm__(
    "        .text\n"
    "        .arch_extension sve\n"
    /* stp or ldp of what a call keeps, 160 bytes from sp on */
    "        .macro  ABI_OWN op\n"
    "        \\op    x19, x20, [sp, #16]\n"
    "        \\op    x21, x22, [sp, #32]\n"
    "        \\op    x23, x24, [sp, #48]\n"
    "        \\op    x25, x26, [sp, #64]\n"
    "        \\op    x27, x28, [sp, #80]\n"
    "        \\op    d8, d9, [sp, #96]\n"
    "        \\op    d10, d11, [sp, #112]\n"
    "        \\op    d12, d13, [sp, #128]\n"
    "        \\op    d14, d15, [sp, #144]\n"
    "        .endm\n"
    /* the same of struct abi_kept */
    "        .macro  ABI_KEPT op, base\n"
    "        \\op    x19, x20, [\\base]\n"
    "        \\op    x21, x22, [\\base, #16]\n"
    "        \\op    x23, x24, [\\base, #32]\n"
    "        \\op    x25, x26, [\\base, #48]\n"
    "        \\op    x27, x28, [\\base, #64]\n"
    "        \\op    d8, d9, [\\base, #88]\n"
    "        \\op    d10, d11, [\\base, #104]\n"
    "        \\op    d12, d13, [\\base, #120]\n"
    "        \\op    d14, d15, [\\base, #136]\n"
    "        .endm\n"

    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "abi_\\f:\n"
    "        stp     x29, x30, [sp, #-192]!\n"
    "        ABI_OWN stp\n"
    "        str     x3, [sp, #160]\n"
    "        mrs     x9, fpcr\n"
    "        str     x9, [sp, #168]\n"
    "        ABI_KEPT ldp, x2\n"
    "        ldr     x29, [x2, #80]\n"
    "        ldp     x9, x10, [x2, #152]\n"
    "        msr     fpcr, x9\n"
    "        msr     fpsr, x10\n"
    "        bl      arch_\\f\n"
    "        ldr     x3, [sp, #160]\n"
    "        ABI_KEPT stp, x3\n"
    "        str     x29, [x3, #80]\n"
    "        mrs     x9, fpcr\n"
    "        mrs     x10, fpsr\n"
    "        stp     x9, x10, [x3, #152]\n"
    "        ldr     x9, [sp, #168]\n"
    "        msr     fpcr, x9\n"
    "        ABI_OWN ldp\n"
    "        ldp     x29, x30, [sp], #192\n"
    "        ret\n"
    "        .endr\n"

    "        .comm   abi_entered, 32, 8\n"
    "        .globl  abi_entry\n"
    "abi_entry:\n"
    "        adrp    x9, abi_entered\n"
    "        add     x9, x9, :lo12:abi_entered\n"
    "        mov     x10, sp\n"
    "        stp     x10, x30, [x9]\n"
    "        mrs     x10, fpcr\n"
    "        str     x10, [x9, #16]\n"
    "        ldr     x16, [x9, #24]\n"
    "        br      x16\n"

    /* offsets: in 0 (x 0, nzcv 248, fpcr 256, fpsr 264, v 272), out 784, spinning 1568, sve 1576, in_area 1584, out_area 1592,
     * old_sp 1600 */
    "        .globl  abi_spin\n"
    "abi_spin:\n"
    "        stp     x29, x30, [sp, #-160]!\n"
    "        ABI_OWN stp\n"
    "        mov     x9, sp\n"
    "        str     x9, [x0, #1600]\n"
    "        mov     sp, x0\n"
    "        ldr     x9, [sp, #1576]\n"
    "        cbz     x9, 1f\n"
    "        ldr     x9, [sp, #1584]\n"
    "        .irp    n, " ARM64_ALL ", 31\n"
    "        ldr     z\\n, [x9, #\\n, mul vl]\n"
    "        .endr\n"
    "        addvl   x9, x9, #31\n"
    "        addvl   x9, x9, #1\n"
    "        ldr     p0, [x9, #16, mul vl]\n"
    "        wrffr   p0.b\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        ldr     p\\n, [x9, #\\n, mul vl]\n"
    "        .endr\n"
    "        b       2f\n"
    "1:      .irp    n, " ARM64_ALL ", 31\n"
    "        ldr     q\\n, [sp, #(272 + \\n * 16)]\n"
    "        .endr\n"
    "2:      ldr     x9, [sp, #248]\n"
    "        msr     nzcv, x9\n"
    "        ldp     x9, x10, [sp, #256]\n"
    "        msr     fpcr, x9\n"
    "        msr     fpsr, x10\n"
    "        .irp    n, " ARM64_ALL "\n"
    "        ldr     x\\n, [sp, #(\\n * 8)]\n"
    "        .endr\n"
    /* The loop leaves the flags alone. x0 holds a known value in the first half, and what is read from memory in the second. */
    "1:      mov     x0, #0x5555555555555555\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        eor     x0, x0, #0x5555555555555555\n"
    "        cbnz    x0, 3f\n"
    "        ldr     x0, [sp, #1568]\n"
    "        cbz     x0, 3f\n"
    "        b       1b\n"
    "3:      .irp    n, " ARM64_ALL "\n"
    "        str     x\\n, [sp, #(784 + \\n * 8)]\n"
    "        .endr\n"
    "        mrs     x9, nzcv\n"
    "        str     x9, [sp, #1032]\n"
    "        mrs     x9, fpcr\n"
    "        mrs     x10, fpsr\n"
    "        str     x9, [sp, #1040]\n"
    "        str     x10, [sp, #1048]\n"
    "        msr     fpcr, xzr\n"
    "        ldr     x9, [sp, #1576]\n"
    "        cbz     x9, 1f\n"
    "        ldr     x9, [sp, #1592]\n"
    "        .irp    n, " ARM64_ALL ", 31\n"
    "        str     z\\n, [x9, #\\n, mul vl]\n"
    "        .endr\n"
    "        addvl   x9, x9, #31\n"
    "        addvl   x9, x9, #1\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        str     p\\n, [x9, #\\n, mul vl]\n"
    "        .endr\n"
    "        rdffr   p0.b\n"
    "        str     p0, [x9, #16, mul vl]\n"
    "        b       2f\n"
    "1:      .irp    n, " ARM64_ALL ", 31\n"
    "        str     q\\n, [sp, #(1056 + \\n * 16)]\n"
    "        .endr\n"
    "2:      ldr     x9, [sp, #1600]\n"
    "        mov     sp, x9\n"
    "        ABI_OWN ldp\n"
    "        ldp     x29, x30, [sp], #160\n"
    "        ret\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        sub     sp, sp, #48\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      ldr     x1, [x0]\n"
    "        cbnz    x1, 1b\n"
    "        add     sp, sp, #48\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        ret\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  arm64_destroy\n"
    "arm64_destroy:\n"
    "        cbz     x0, 1f\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        dup     z\\n\\().b, #-1\n"
    "        .endr\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        ptrue   p\\n\\().b\n"
    "        .endr\n"
    "        setffr\n"
    "1:      .irp    n, 8,9,10,11,12,13,14,15\n"
    "        fmov    d\\n, d\\n\n"
    "        .endr\n"
    "        cbnz    x0, 1f\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        movi    v\\n\\().16b, #0xff\n"
    "        .endr\n"
    "1:      mov     x9, #0x2800000\n"
    "        msr     fpcr, x9\n"
    "        mov     w9, #0x1f\n"
    "        msr     fpsr, x9\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18\n"
    "        mov     x\\n, #0xaaaaaaaaaaaaaaaa\n"
    "        .endr\n"
    "        cmn     x0, x0\n"
    "        ret\n"
);
/* clang-format on */

#endif
