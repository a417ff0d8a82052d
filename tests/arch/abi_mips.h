/* What the tests of the CPU contract need in mips assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_MIPS_H
#define TESTS_ARCH_ABI_MIPS_H

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#define ABI_TRAP ".set push; .set noreorder; break; break; .set pop"
enum { ABI_SKIP = 8 };

/* ---- what this machine has ---- */

static sigjmp_buf mips_no_dsp;

static inline void mips_on_illegal(int number)
{
    siglongjmp(mips_no_dsp, number);
}

static bool mips_knows_dsp;

/* DSP, by trying: older kernels do not tell, nor do emulators. While there is one thread. */
__attribute__((constructor)) static void mips_try_dsp(void)
{
    struct sigaction action = {.sa_handler = mips_on_illegal}, earlier;
    sigaction(SIGILL, &action, &earlier);
    if (sigsetjmp(mips_no_dsp, 1) == 0) {
        __asm__ volatile(".set push; .set dsp; rddsp $8, 63; .set pop" ::: "$8");
        mips_knows_dsp = true;
    }
    sigaction(SIGILL, &earlier, NULL);
}

static inline bool mips_dsp(void)
{
    return mips_knows_dsp;
}

/* Whether floating-point registers with odd numbers have 64 bits of their own; else they are halves of the others, which is for the
 * system and the program's objects to decide. */
static inline bool mips_fr(void)
{
    static const uint64_t zero = 0;
    uint32_t one = 1, now;
    __asm__ volatile(".set push; .set oddspreg; mtc1 %1, $f1; ldc1 $f0, %2; mfc1 %0, $f1; .set pop"
                     : "=r"(now)
                     : "r"(one), "m"(zero)
                     : "$f0", "$f1");
    return now == one;
}

/* ---- the control word ---- */

/* Rounding, which exceptions have been, one that traps, the results of comparisons, denormals as zeros. */
static inline uint32_t mips_random_fcsr(uint64_t *state)
{
    return (uint32_t)abi_random(state) & 0xff80087f;
}

static inline uint32_t mips_control(void)
{
    uint32_t value;
    __asm__ volatile("cfc1 %0, $31" : "=r"(value));
    return value;
}

static inline void mips_set_control(uint32_t value)
{
    __asm__ volatile("ctc1 %0, $31" ::"r"(value));
}

/* Of a fresh thread, but what the machine does with NaNs. */
static inline uint32_t mips_odd_control(void)
{
    return mips_control() & ~UINT32_C(0xc0000);
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t f20, f22, f24, f26, f28, f30;
    uint32_t s0, s1, s2, s3, s4, s5, s6, s7, fp, fcsr;
};
_Static_assert(offsetof(struct abi_kept, s0) == 48 && offsetof(struct abi_kept, fcsr) == 84, "abi_switch");

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {ABI_KEPT(f20),
                                                   ABI_KEPT(f22),
                                                   ABI_KEPT(f24),
                                                   ABI_KEPT(f26),
                                                   ABI_KEPT(f28),
                                                   ABI_KEPT(f30),
                                                   ABI_KEPT(s0),
                                                   ABI_KEPT(s1),
                                                   ABI_KEPT(s2),
                                                   ABI_KEPT(s3),
                                                   ABI_KEPT(s4),
                                                   ABI_KEPT(s5),
                                                   ABI_KEPT(s6),
                                                   ABI_KEPT(s7),
                                                   ABI_KEPT(fp),
                                                   ABI_KEPT(fcsr),
                                                   {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fcsr), state);
    kept->fcsr = mips_random_fcsr(state) | (mips_control() & 0xc0000);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint32_t fcsr;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == 12, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 8 == 0;
}

/* Up, a trap, denormals as zeros; and what has been, and a comparison. */
enum { MIPS_ODD_ROUNDING = 0x01000802, MIPS_ODD_FCSR = MIPS_ODD_ROUNDING | 0x00800014 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    uint32_t kept = mips_control();
    mips_set_control((kept & 0xc0000) | MIPS_ODD_FCSR);
    void *context = arch_context_init(top, entry);
    mips_set_control(kept);
    return context;
}

/* The rounding, without what has been raised. */
static inline bool abi_entry_control(void)
{
    return (abi_entered.fcsr & ~UINT32_C(0xc0000)) == MIPS_ODD_ROUNDING;
}

/* ---- every register ---- */

enum { ABI_VARIANTS = 8, ABI_VARIANT_STEP = 8, ABI_AREA = 8 };

/* By their numbers. r[0] is 0, r[26] and r[27] are the kernel's, r[29] is the stack pointer. more: hi1, lo1 to hi3, lo3, and the
 * control word of DSP. */
struct abi_registers {
    uint64_t f[32];
    uint32_t r[32], hi, lo, more[7], fcsr;
};

struct abi_spin {
    struct abi_registers in, out;
    volatile uint32_t spinning;
    uint32_t dsp, fr;
    uint8_t *in_area, *out_area;
    uint32_t old_sp;
};
_Static_assert(offsetof(struct abi_registers, r) == 256 && offsetof(struct abi_registers, more) == 392, "abi_spin");
_Static_assert(offsetof(struct abi_spin, out) == 424 && offsetof(struct abi_spin, spinning) == 848, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.r[1] = 0; /* the loop's */
    spin->in.fcsr = mips_random_fcsr(state) | (mips_control() & 0xc0000);
    spin->in.more[6] &= 0x0fff7fbf; /* its bits */
    spin->dsp = mips_dsp();
    spin->fr = mips_fr();
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static const char *const names[] = {"hi1", "lo1", "hi2", "lo2", "hi3", "lo3", "DSP's control"};
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 1; i < 32; i++)
        if ((i < 26 || i > 27) && i != 29 && in->r[i] != out->r[i])
            return snprintf(name, sizeof(name), "$%d", i), name;
    for (int i = 0; i < 32; i += spin->fr ? 1 : 2)
        if (in->f[i] != out->f[i])
            return snprintf(name, sizeof(name), "f%d", i), name;
    for (int i = 0; i < 7 && spin->dsp; i++)
        if (in->more[i] != out->more[i])
            return names[i];
    return in->hi != out->hi ? "hi" : in->lo != out->lo ? "lo" : in->fcsr != out->fcsr ? "fcsr" : NULL;
}

enum { ABI_WAYS = 1 };

/* There is one only: the kernel's frame. */
static inline const char *abi_way(int way)
{
    return way == 0 ? "the kernel's frame" : NULL;
}

/* ---- what can not be made to call ---- */

enum { ABI_REFUSALS = 0 };

static inline const char *abi_refusal(int number, void *frame)
{
    (void)number, (void)frame;
    return NULL;
}

/* ---- frames that an emulator does not make ---- */

#define ABI_FORGED "a fault's frame with MSA is copied whole"

/* A frame as Linux puts it at the end of an alternate stack: registers, a record of the upper halves of vectors, and the last
 * record. The name of what is wrong with what arch_inject makes of it, or NULL. */
static inline const char *abi_forged(void (*callee)(void))
{
    enum { BASE = 152, AT = 632, HEAD = 8, HALVES = 32 * 8 + 8, ALL = AT + HEAD + HALVES + HEAD };
    static _Alignas(16) char alternate[4096], stack[8192];
    const uint32_t head[] = {0x784d5341, HEAD + HALVES}, last[] = {0x78454e44, 0};
    char *at = alternate + ((sizeof alternate - ALL) & -(size_t)16);
    ucontext_t *u = (ucontext_t *)at;
    uint64_t state = 7;

    abi_random_bytes(alternate, sizeof alternate, &state);
    u->uc_stack = (stack_t){.ss_sp = alternate, .ss_size = sizeof alternate};
    u->uc_mcontext.gregs[29] = (uintptr_t)stack + sizeof stack - 40;
    u->uc_mcontext.used_math = 1 | 8;
    memcpy(at + AT, head, sizeof head);
    memcpy(at + AT + HEAD + HALVES, last, sizeof last);
    if (!arch_inject(u, callee))
        return "it is refused";
    char *copy = (char *)(uintptr_t)u->uc_mcontext.gregs[29] + BASE;
    if (copy < stack || copy + ALL > stack + sizeof stack - 40 || (uintptr_t)copy % 8 != 0)
        return "where the copy is";
    return memcmp(copy + AT, at + AT, ALL - AT) ? "the records" : NULL;
}

/* ---- how a callee finds things, and how it leaves them ---- */

void mips_destroy(uint32_t dsp, uint32_t fr);

static inline void abi_destroy(void)
{
    mips_destroy(mips_dsp(), mips_fr());
}

/* The name of a flag that has got here from somebody else's code, or NULL: there are no flags. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (mips_odd_control() != 0)
        return "fcsr";
    return (uintptr_t)__builtin_frame_address(0) % 8 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define MIPS_BUT_1 "2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not 29, 26, 27 either */
#define MIPS_EVEN  "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30"
#define MIPS_ODD   "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31"
__asm__(
    "        .text\n"
    "        .set    push\n"
    "        .set    noreorder\n"
    "        .set    noat\n"
    "        .set    dsp\n"
    /* what a call keeps, 84 bytes from base on */
    "        .macro  ABI_KEPT op, base\n"
    "        .irp    n, 20,22,24,26,28,30\n"
    "        \\op\\()dc1 $f\\n, ((\\n - 20) * 4)(\\base)\n"
    "        .endr\n"
    "        .irp    n, 16,17,18,19,20,21,22,23\n"
    "        \\op\\()w   $\\n, (48 + (\\n - 16) * 4)(\\base)\n"
    "        .endr\n"
    "        \\op\\()w   $30, 80(\\base)\n"
    "        .endm\n"

    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "        .type   abi_\\f, @function\n"
    "abi_\\f:\n"
    "        .cpload $25\n"
    "        addiu   $sp, $sp, -120\n"
    "        sw      $31, 112($sp)\n"
    "        sw      $7, 108($sp)\n"
    "        addiu   $8, $sp, 16\n"
    "        ABI_KEPT s, $8\n"
    "        cfc1    $8, $31\n"
    "        sw      $8, 116($sp)\n"
    "        ABI_KEPT l, $6\n"
    "        lw      $8, 84($6)\n"
    "        ctc1    $8, $31\n"
    "        lw      $25, %got(arch_\\f)($28)\n"
    "        jalr    $25\n"
    "        nop\n"
    "        lw      $7, 108($sp)\n"
    "        ABI_KEPT s, $7\n"
    "        cfc1    $8, $31\n"
    "        sw      $8, 84($7)\n"
    "        lw      $8, 116($sp)\n"
    "        ctc1    $8, $31\n"
    "        addiu   $8, $sp, 16\n"
    "        ABI_KEPT l, $8\n"
    "        lw      $31, 112($sp)\n"
    "        jr      $31\n"
    "        addiu   $sp, $sp, 120\n"
    "        .endr\n"

    "        .comm   abi_entered, 16, 8\n"
    "        .globl  abi_entry\n"
    "        .type   abi_entry, @function\n"
    "abi_entry:\n"
    "        .cpload $25\n"
    "        lw      $8, %got(abi_entered)($28)\n"
    "        sw      $sp, 0($8)\n"
    "        sw      $31, 4($8)\n"
    "        cfc1    $9, $31\n"
    "        sw      $9, 8($8)\n"
    "        sw      $0, 0($sp)\n" /* a function may */
    "        sw      $0, 12($sp)\n"
    "        lw      $25, 12($8)\n"
    "        jr      $25\n"
    "        nop\n"

    /* offsets: in 0 (f 0, r 256, hi 384, lo 388, more 392, fcsr 420), out 424, spinning 848, dsp 852, fr 856, in_area 860,
     * out_area 864, old_sp 868 */
    "        .globl  abi_spin\n"
    "        .type   abi_spin, @function\n"
    "abi_spin:\n"
    "        addiu   $sp, $sp, -104\n"
    "        sw      $31, 96($sp)\n"
    "        ABI_KEPT s, $sp\n"
    "        sw      $sp, 868($4)\n"
    "        move    $sp, $4\n"
    "        lw      $8, 852($sp)\n"
    "        beqz    $8, 2f\n"
    "        nop\n"
    "        .irp    n, 1,2,3\n"
    "        lw      $8, (392 + (\\n - 1) * 8)($sp)\n"
    "        lw      $9, (396 + (\\n - 1) * 8)($sp)\n"
    "        mthi    $8, $ac\\n\n"
    "        mtlo    $9, $ac\\n\n"
    "        .endr\n"
    "        lw      $8, 416($sp)\n"
    "        wrdsp   $8, 63\n"
    "2:      .irp    n, " MIPS_EVEN "\n"
    "        ldc1    $f\\n, (\\n * 8)($sp)\n"
    "        .endr\n"
    "        lw      $8, 856($sp)\n"
    "        beqz    $8, 2f\n"
    "        nop\n"
    "        .set    fp=64\n"
    "        .irp    n, " MIPS_ODD "\n"
    "        ldc1    $f\\n, (\\n * 8)($sp)\n"
    "        .endr\n"
    "        .set    fp=xx\n"
    "2:      lw      $8, 420($sp)\n"
    "        ctc1    $8, $31\n"
    "        lw      $8, 384($sp)\n"
    "        lw      $9, 388($sp)\n"
    "        mthi    $8\n"
    "        mtlo    $9\n"
    "        .irp    n, " MIPS_BUT_1 "\n"
    "        lw      $\\n, (256 + \\n * 4)($sp)\n"
    "        .endr\n"
    /* $1 holds a known value in the first half, and what is read from memory in the second. */
    "1:      li      $1, 0x555\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        beqz    $1, 3f\n"
    "        xori    $1, $1, 0x555\n"
    "        bnez    $1, 3f\n"
    "        lw      $1, 848($sp)\n"
    "        bnez    $1, 1b\n"
    "        nop\n"
    "3:      .irp    n, 1," MIPS_BUT_1 "\n"
    "        sw      $\\n, (424 + 256 + \\n * 4)($sp)\n"
    "        .endr\n"
    "        mfhi    $8\n"
    "        mflo    $9\n"
    "        sw      $8, (424 + 384)($sp)\n"
    "        sw      $9, (424 + 388)($sp)\n"
    "        cfc1    $8, $31\n"
    "        sw      $8, (424 + 420)($sp)\n"
    "        lui     $9, 0xc\n"
    "        and     $8, $8, $9\n"
    "        ctc1    $8, $31\n"
    "        .irp    n, " MIPS_EVEN "\n"
    "        sdc1    $f\\n, (424 + \\n * 8)($sp)\n"
    "        .endr\n"
    "        lw      $8, 856($sp)\n"
    "        beqz    $8, 2f\n"
    "        nop\n"
    "        .set    fp=64\n"
    "        .irp    n, " MIPS_ODD "\n"
    "        sdc1    $f\\n, (424 + \\n * 8)($sp)\n"
    "        .endr\n"
    "        .set    fp=xx\n"
    "2:      lw      $8, 852($sp)\n"
    "        beqz    $8, 2f\n"
    "        nop\n"
    "        .irp    n, 1,2,3\n"
    "        mfhi    $8, $ac\\n\n"
    "        mflo    $9, $ac\\n\n"
    "        sw      $8, (424 + 392 + (\\n - 1) * 8)($sp)\n"
    "        sw      $9, (424 + 396 + (\\n - 1) * 8)($sp)\n"
    "        .endr\n"
    "        rddsp   $8, 63\n"
    "        sw      $8, (424 + 416)($sp)\n"
    "2:      lw      $sp, 868($sp)\n"
    "        ABI_KEPT l, $sp\n"
    "        lw      $31, 96($sp)\n"
    "        jr      $31\n"
    "        addiu   $sp, $sp, 104\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "        .type   abi_wait, @function\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        addiu   $sp, $sp, -48\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      lw      $5, 0($4)\n"
    "        bnez    $5, 1b\n"
    "        nop\n"
    "        addiu   $sp, $sp, 48\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        jr      $31\n"
    "        nop\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  mips_destroy\n"
    "        .type   mips_destroy, @function\n"
    "mips_destroy:\n"
    "        li      $8, -1\n"
    "        beqz    $4, 1f\n"
    "        nop\n"
    "        .irp    n, 1,2,3\n"
    "        mthi    $8, $ac\\n\n"
    "        mtlo    $8, $ac\\n\n"
    "        .endr\n"
    "        wrdsp   $8, 63\n"
    "1:      .irp    n, 0,2,4,6,8,10,12,14,16,18\n"
    "        mtc1    $8, $f\\n\n"
    "        .endr\n"
    "        .set    oddspreg\n"
    "        .irp    n, 1,3,5,7,9,11,13,15,17,19\n"
    "        mtc1    $8, $f\\n\n"
    "        .endr\n"
    "        beqz    $5, 1f\n"
    "        nop\n"
    "        .irp    n, 21,23,25,27,29,31\n"
    "        mtc1    $8, $f\\n\n"
    "        .endr\n"
    "        .set    nooddspreg\n"
    "1:      mthi    $8\n"
    "        mtlo    $8\n"
    "        cfc1    $9, $31\n"
    "        lui     $10, 0xc\n"
    "        and     $9, $9, $10\n"
    "        lui     $10, 0xff80\n"
    "        ori     $10, $10, 0x7f\n" /* a rounding of 3, all that can have been */
    "        or      $9, $9, $10\n"
    "        ctc1    $9, $31\n"
    "        lui     $1, 0xaaaa\n"
    "        .irp    n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,28\n"
    "        move    $\\n, $1\n"
    "        .endr\n"
    "        jr      $31\n"
    "        nop\n"
    "        .set    pop\n"
);
/* clang-format on */

#endif
