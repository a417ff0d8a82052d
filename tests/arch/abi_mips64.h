/* What the tests of the CPU contract need in mips64 assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_MIPS64_H
#define TESTS_ARCH_ABI_MIPS64_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

/* And one that no CPU has. */
#define ABI_TRAP "break\n\t.word 0x00000039"
enum { ABI_SKIP = 8 };

/* ---- control words, and what this machine has ---- */

/* Rounding, which exceptions have been, one that traps, flushing to zero, conditions; with its sign extended. */
static inline uint64_t mips64_random_fcsr(uint64_t *state)
{
    return (uint64_t)(int32_t)(abi_random(state) & 0xff80087f);
}

static inline uint64_t mips64_read_fcsr(void)
{
    uint64_t value;
    __asm__ volatile("cfc1 %0, $31" : "=r"(value));
    return value;
}

static inline void mips64_write_fcsr(uint64_t value)
{
    __asm__ volatile("ctc1 %0, $31" ::"r"(value));
}

static volatile int mips64_illegal;

static void mips64_skip(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    ((ucontext_t *)frame)->uc_mcontext.pc += 4;
    mips64_illegal = 1;
}

/* There is a flag for it among the machine's, but not in emulators. */
static inline bool mips64_has_dsp(void)
{
    static int known;
    struct sigaction action = {.sa_sigaction = mips64_skip, .sa_flags = SA_SIGINFO}, earlier;

    if (!known) {
        sigaction(SIGILL, &action, &earlier);
        mips64_illegal = 0;
        __asm__ volatile(".set push; .set mips64r2; .set dsp; rddsp $8; .set pop" ::: "$8");
        sigaction(SIGILL, &earlier, NULL);
        known = 1 + !mips64_illegal;
    }
    return known == 2;
}

static inline bool mips64_machine_has_msa(void)
{
    return getauxval(AT_HWCAP) >> 1 & 1;
}

static volatile int mips64_used;

static void mips64_look(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    mips64_used = (int)((ucontext_t *)frame)->uc_mcontext.used_math;
}

/* Vectors that frames hold: an emulator's do not, and are no frames of 64-bit registers either. */
static inline bool mips64_has_msa(void)
{
    static int known;
    struct sigaction action = {.sa_sigaction = mips64_look, .sa_flags = SA_SIGINFO}, earlier;

    if (!known) {
        sigaction(SIGUSR2, &action, &earlier);
        raise(SIGUSR2);
        sigaction(SIGUSR2, &earlier, NULL);
        known = 1 + (mips64_used != 1 && mips64_machine_has_msa());
    }
    return known == 2;
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t s0, s1, s2, s3, s4, s5, s6, s7, gp, fp;
    uint64_t f24, f25, f26, f27, f28, f29, f30, f31;
    uint64_t fcsr, msacsr, has_msa;
};
_Static_assert(offsetof(struct abi_kept, f24) == 80 && offsetof(struct abi_kept, fcsr) == 144, "abi_switch");

/* clang-format off */
#define ABI_KEPT(name) {#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)}
static const struct abi_field abi_kept_fields[] = {
    ABI_KEPT(s0), ABI_KEPT(s1), ABI_KEPT(s2), ABI_KEPT(s3), ABI_KEPT(s4), ABI_KEPT(s5), ABI_KEPT(s6), ABI_KEPT(s7),
    ABI_KEPT(gp), ABI_KEPT(fp), ABI_KEPT(f24), ABI_KEPT(f25), ABI_KEPT(f26), ABI_KEPT(f27), ABI_KEPT(f28), ABI_KEPT(f29),
    ABI_KEPT(f30), ABI_KEPT(f31), ABI_KEPT(fcsr), ABI_KEPT(msacsr), {0}};
/* clang-format on */

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fcsr), state);
    kept->fcsr = mips64_random_fcsr(state);
    kept->has_msa = mips64_machine_has_msa();
    kept->msacsr = kept->has_msa ? abi_random(state) & 0x0100087f : 0;
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint64_t fcsr;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == 24, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 16 == 0;
}

/* Rounding, a mask, flushing to zero; and besides, exceptions that have been, and a condition. */
enum { MIPS64_ODD_CONTROL = 0x01000801, MIPS64_ODD_FCSR = MIPS64_ODD_CONTROL | 0x00800054 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    mips64_write_fcsr(MIPS64_ODD_FCSR);
    void *context = arch_context_init(top, entry);
    mips64_write_fcsr(0);
    return context;
}

/* Without what has been raised. */
static inline bool abi_entry_control(void)
{
    return abi_entered.fcsr == MIPS64_ODD_CONTROL;
}

/* ---- every register ---- */

enum { ABI_VARIANTS = 4, ABI_VARIANT_STEP = 16, ABI_AREA = 32 * 16 };

/* By their numbers. r[0] is 0, r[4] the loop's, r[26] and r[27] the kernel's, r[29] the stack pointer. */
struct abi_registers {
    uint64_t r[32], f[32], hi[4], lo[4], fcsr, dsp, msacsr;
};

struct abi_spin {
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint64_t has_dsp, has_msa;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
};
_Static_assert(offsetof(struct abi_registers, hi) == 512 && offsetof(struct abi_registers, fcsr) == 576, "abi_spin");
_Static_assert(offsetof(struct abi_spin, out) == 600 && offsetof(struct abi_spin, spinning) == 1200, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    abi_random_bytes(spin->in_area, ABI_AREA, state);
    memset(spin->out_area, 0, ABI_AREA);
    spin->in.r[4] = 0;
    for (int i = 1; i < 4; i++) { /* DSP's have the upper halves for their sign */
        spin->in.hi[i] = (uint64_t)(int32_t)spin->in.hi[i];
        spin->in.lo[i] = (uint64_t)(int32_t)spin->in.lo[i];
    }
    spin->in.fcsr = mips64_random_fcsr(state);
    spin->in.dsp = abi_random(state) & 0x00ff1fbf; /* what all revisions have */
    spin->in.msacsr = abi_random(state) & 0x0100087f;
    spin->has_dsp = mips64_has_dsp();
    spin->has_msa = mips64_has_msa();
    for (int i = 0; i < 32 && spin->has_msa; i++)
        memcpy(&spin->in.f[i], spin->in_area + i * 16, 8);
}

static inline const char *mips64_state_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 0; i < (spin->has_dsp ? 4 : 1); i++)
        if (in->hi[i] != out->hi[i] || in->lo[i] != out->lo[i])
            return snprintf(name, sizeof(name), "%s%d", in->hi[i] != out->hi[i] ? "hi" : "lo", i), name;
    if (spin->has_dsp && in->dsp != out->dsp)
        return "dsp";
    for (unsigned i = 0; i < 32 && spin->has_msa; i++)
        if (memcmp(spin->in_area + i * 16, spin->out_area + i * 16, 16))
            return snprintf(name, sizeof(name), "w%u", i), name;
    return spin->has_msa && in->msacsr != out->msacsr ? "msacsr" : NULL;
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 1; i < 32; i++)
        if (i != 26 && i != 27 && i != 29 && in->r[i] != out->r[i])
            return snprintf(name, sizeof(name), "$%d", i), name;
    for (int i = 0; i < 32; i++)
        if (in->f[i] != out->f[i])
            return snprintf(name, sizeof(name), "f%d", i), name;
    return in->fcsr != out->fcsr ? "fcsr" : mips64_state_difference(spin);
}

enum { ABI_WAYS = 1 };

/* There is one only: the kernel's frame. */
static inline const char *abi_way(int way)
{
    return way == 0 ? "the kernel's frame" : NULL;
}

/* ---- what can not be made to call ---- */

enum { ABI_REFUSALS = 0 }; /* nothing that a frame tells */

static inline const char *abi_refusal(int number, void *frame)
{
    (void)number, (void)frame;
    return NULL;
}

/* ---- frames that an emulator does not make ---- */

#define ABI_FORGED "a fault's frame with vectors is copied whole"

/* A frame as Linux puts it at the end of an alternate stack: registers, a record of the vectors' upper halves and control word, and
 * what ends the records. The name of what is wrong with what arch_inject makes of it, or NULL. */
static inline const char *abi_forged(void (*callee)(void))
{
    enum { AT = 656, RECORD = 272, ALL = AT + RECORD + 4, BASE = 152, FLOATS_64_RECORDS = 11 };
    static _Alignas(16) char alternate[4096], stack[8192];
    const uint32_t head[] = {0x784d5341, RECORD}, last = 0x78454e44;
    char *base = alternate + ((sizeof alternate - ALL - BASE) & -(size_t)16), *at = base + BASE;
    ucontext_t *u = (ucontext_t *)at;
    uint64_t state = 7;

    abi_random_bytes(alternate, sizeof alternate, &state);
    u->uc_stack = (stack_t){.ss_sp = alternate, .ss_size = sizeof alternate};
    u->uc_mcontext.gregs[29] = (uintptr_t)stack + sizeof stack - 40;
    u->uc_mcontext.used_math = FLOATS_64_RECORDS;
    memcpy(at + AT, head, sizeof head);
    memcpy(at + AT + RECORD, &last, sizeof last);
    if (!arch_inject(u, callee))
        return "it is refused";
    char *copy = (char *)(uintptr_t)u->uc_mcontext.gregs[29];
    if (copy < stack || copy + BASE + ALL > stack + sizeof stack - 40 || (uintptr_t)copy % 16 != 0)
        return "where the copy is";
    if ((uintptr_t)u->uc_mcontext.gregs[25] != (uintptr_t)u->uc_mcontext.pc)
        return "what is called does not find its own";
    return memcmp(copy + BASE + AT, at + AT, ALL - AT) ? "the records" : NULL;
}

/* ---- how a callee finds things, and how it leaves them ---- */

void mips64_destroy(bool dsp, bool msa);

static inline void abi_destroy(void)
{
    mips64_destroy(mips64_has_dsp(), mips64_has_msa());
}

/* The name of a flag that has got here from somebody else's code, or NULL: there are no flags. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (mips64_read_fcsr() != 0)
        return "fcsr";
    return (uintptr_t)__builtin_frame_address(0) % 16 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define MIPS64_FREE "1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31" /* not 0, 4, 26, 27, 29 */
#define MIPS64_BUT_8 "1,2,3,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30,31"
#define MIPS64_ALL  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define MIPS64_ARCH(with) "        .set push; .set mips64r5; .set " with "\n"
#define MIPS64_POP  "        .set pop\n"
__asm__(
    "        .text\n"
    "        .set    push\n"
    "        .set    noreorder\n"
    "        .set    noat\n"
    /* what a call keeps, 144 bytes from base on */
    "        .macro  ABI_KEPT integers, floats, base\n"
    "        .irp    n, 16,17,18,19,20,21,22,23\n"
    "        \\integers $\\n, ((\\n - 16) * 8)(\\base)\n"
    "        .endr\n"
    "        \\integers $28, 64(\\base)\n"
    "        \\integers $30, 72(\\base)\n"
    "        .irp    n, 24,25,26,27,28,29,30,31\n"
    "        \\floats $f\\n, (80 + (\\n - 24) * 8)(\\base)\n"
    "        .endr\n"
    "        .endm\n"
    "        .macro  ABI_GLOBALS to, function\n"
    "        lui     \\to, %hi(%neg(%gp_rel(\\function)))\n"
    "        daddu   \\to, \\to, $25\n"
    "        daddiu  \\to, \\to, %lo(%neg(%gp_rel(\\function)))\n"
    "        .endm\n"

    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "        .type   abi_\\f, @function\n"
    "abi_\\f:\n"
    "        daddiu  $29, $29, -176\n"
    "        sd      $31, 144($29)\n"
    "        ABI_KEPT sd, sdc1, $29\n"
    "        sd      $7, 152($29)\n"
    "        ld      $8, 160($6)\n"
    "        sd      $8, 168($29)\n"
    "        sd      $0, 152($7)\n"
    "        beqz    $8, 1f\n"
    "        ld      $8, 152($6)\n"
    MIPS64_ARCH("msa")
    "        ctcmsa  $1, $8\n"
    MIPS64_POP
    "1:\n"
    "        cfc1    $8, $31\n"
    "        sd      $8, 160($29)\n"
    "        ABI_GLOBALS $8, abi_\\f\n"
    "        ld      $25, %got_disp(arch_\\f)($8)\n"
    "        ld      $8, 144($6)\n"
    "        ctc1    $8, $31\n"
    "        ABI_KEPT ld, ldc1, $6\n"
    "        jalr    $25\n"
    "        nop\n"
    "        ld      $7, 152($29)\n"
    "        ABI_KEPT sd, sdc1, $7\n"
    "        cfc1    $8, $31\n"
    "        sd      $8, 144($7)\n"
    "        ld      $8, 168($29)\n"
    "        beqz    $8, 1f\n"
    "        nop\n"
    MIPS64_ARCH("msa")
    "        cfcmsa  $8, $1\n"
    "        sd      $8, 152($7)\n"
    "        ctcmsa  $1, $0\n"
    MIPS64_POP
    "1:      ld      $8, 160($29)\n"
    "        ctc1    $8, $31\n"
    "        ABI_KEPT ld, ldc1, $29\n"
    "        ld      $31, 144($29)\n"
    "        jr      $31\n"
    "        daddiu  $29, $29, 176\n"
    "        .endr\n"

    "        .comm   abi_entered, 32, 8\n"
    "        .globl  abi_entry\n"
    "        .type   abi_entry, @function\n"
    "abi_entry:\n"
    "        ABI_GLOBALS $9, abi_entry\n"
    "        ld      $8, %got_disp(abi_entered)($9)\n"
    "        sd      $29, 0($8)\n"
    "        sd      $31, 8($8)\n"
    "        cfc1    $9, $31\n"
    "        sd      $9, 16($8)\n"
    "        ld      $25, 24($8)\n"
    "        jr      $25\n"
    "        nop\n"

    /* offsets: in 0 (r 0, f 256, hi 512, lo 544, fcsr 576, dsp 584, msacsr 592), out 600, spinning 1200, has_dsp 1208, has_msa 1216,
     * in_area 1224, out_area 1232, old_sp 1240 */
    "        .globl  abi_spin\n"
    "        .type   abi_spin, @function\n"
    "abi_spin:\n"
    "        daddiu  $29, $29, -160\n"
    "        sd      $31, 144($29)\n"
    "        ABI_KEPT sd, sdc1, $29\n"
    "        sd      $29, 1240($4)\n"
    "        move    $29, $4\n"
    "        .irp    n, " MIPS64_ALL "\n"
    "        ldc1    $f\\n, (256 + \\n * 8)($29)\n"
    "        .endr\n"
    "        ld      $8, 512($29)\n"
    "        mthi    $8\n"
    "        ld      $8, 544($29)\n"
    "        mtlo    $8\n"
    "        ld      $8, 1208($29)\n"
    "        beqz    $8, 1f\n"
    "        nop\n"
    MIPS64_ARCH("dsp")
    "        .irp    n, 1,2,3\n"
    "        ld      $8, (512 + \\n * 8)($29)\n"
    "        mthi    $8, $ac\\n\n"
    "        ld      $8, (544 + \\n * 8)($29)\n"
    "        mtlo    $8, $ac\\n\n"
    "        .endr\n"
    "        ld      $8, 584($29)\n"
    "        wrdsp   $8\n"
    MIPS64_POP
    "1:      ld      $8, 1216($29)\n"
    "        beqz    $8, 1f\n"
    "        ld      $8, 1224($29)\n"
    MIPS64_ARCH("msa")
    "        .irp    n, " MIPS64_ALL "\n"
    "        ld.d    $w\\n, (\\n * 16)($8)\n"
    "        .endr\n"
    "        ld      $8, 592($29)\n"
    "        ctcmsa  $1, $8\n"
    MIPS64_POP
    "1:      ld      $8, 576($29)\n"
    "        ctc1    $8, $31\n"
    "        .irp    n, " MIPS64_FREE "\n"
    "        ld      $\\n, (\\n * 8)($29)\n"
    "        .endr\n"
    /* $4 holds a known value, which a delay slot changes, or what is read from memory. */
    "1:      li      $4, 0x555\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        b       2f\n"
    "        xori    $4, $4, 0x2aa\n"
    "        move    $4, $0\n"
    "2:      .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        xori    $4, $4, 0x7ff\n"
    "        bnez    $4, 3f\n"
    "        nop\n"
    "        ld      $4, 1200($29)\n"
    "        bnez    $4, 1b\n"
    "        nop\n"
    "3:      .irp    n, " MIPS64_FREE "\n"
    "        sd      $\\n, (600 + \\n * 8)($29)\n"
    "        .endr\n"
    "        .irp    n, " MIPS64_ALL "\n"
    "        sdc1    $f\\n, (600 + 256 + \\n * 8)($29)\n"
    "        .endr\n"
    "        mfhi    $8\n"
    "        sd      $8, (600 + 512)($29)\n"
    "        mflo    $8\n"
    "        sd      $8, (600 + 544)($29)\n"
    "        cfc1    $8, $31\n"
    "        sd      $8, (600 + 576)($29)\n"
    "        ctc1    $0, $31\n"
    "        ld      $8, 1208($29)\n"
    "        beqz    $8, 1f\n"
    "        nop\n"
    MIPS64_ARCH("dsp")
    "        .irp    n, 1,2,3\n"
    "        mfhi    $8, $ac\\n\n"
    "        sd      $8, (600 + 512 + \\n * 8)($29)\n"
    "        mflo    $8, $ac\\n\n"
    "        sd      $8, (600 + 544 + \\n * 8)($29)\n"
    "        .endr\n"
    "        rddsp   $8\n"
    "        sd      $8, (600 + 584)($29)\n"
    MIPS64_POP
    "1:      ld      $8, 1216($29)\n"
    "        beqz    $8, 1f\n"
    "        ld      $8, 1232($29)\n"
    MIPS64_ARCH("msa")
    "        .irp    n, " MIPS64_ALL "\n"
    "        st.d    $w\\n, (\\n * 16)($8)\n"
    "        .endr\n"
    "        cfcmsa  $8, $1\n"
    "        sd      $8, (600 + 592)($29)\n"
    "        ctcmsa  $1, $0\n"
    MIPS64_POP
    "1:      sd      $4, (600 + 32)($29)\n"
    "        ld      $29, 1240($29)\n"
    "        ABI_KEPT ld, ldc1, $29\n"
    "        ld      $31, 144($29)\n"
    "        jr      $31\n"
    "        daddiu  $29, $29, 160\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "        .type   abi_wait, @function\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        daddiu  $29, $29, -48\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      ld      $5, 0($4)\n"
    "        bnez    $5, 1b\n"
    "        nop\n"
    "        daddiu  $29, $29, 48\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        jr      $31\n"
    "        nop\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  mips64_destroy\n"
    "        .type   mips64_destroy, @function\n"
    "mips64_destroy:\n"
    "        li      $8, -1\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n"
    "        dmtc1   $8, $f\\n\n"
    "        .endr\n"
    "        mthi    $8\n"
    "        beqz    $4, 1f\n"
    "        mtlo    $8\n"
    MIPS64_ARCH("dsp")
    "        .irp    n, 1,2,3\n"
    "        mthi    $8, $ac\\n\n"
    "        mtlo    $8, $ac\\n\n"
    "        .endr\n"
    "        wrdsp   $8\n"
    MIPS64_POP
    "1:      beqz    $5, 1f\n"
    "        nop\n"
    MIPS64_ARCH("msa")
    "        .irp    n, " MIPS64_ALL "\n"
    "        insert.d $w\\n[1], $8\n"
    "        .endr\n"
    "        li      $9, 0x7f\n"
    "        ctcmsa  $1, $9\n"
    MIPS64_POP
    "1:      lui     $9, 0xff80\n" /* all conditions, flushing, a rounding of 3, all exceptions */
    "        ori     $9, $9, 0x7f\n"
    "        ctc1    $9, $31\n"
    "        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25\n"
    "        li      $\\n, -1431655766\n"
    "        .endr\n"
    "        jr      $31\n"
    "        nop\n"
    "        .set    pop\n"
);
/* clang-format on */

#endif
