/* What the tests of the CPU contract need in s390x assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_S390X_H
#define TESTS_ARCH_ABI_S390X_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

/* No program but a tracer's gets a SIGTRAP; and the pc of the frame is behind the instruction. */
#define ABI_TRAP        ".short 1; .short 0"
#define ABI_TRAP_SIGNAL SIGILL
enum { ABI_SKIP = 2 };

/* ---- the control words ---- */

/* Which exceptions trap, which have been, the code of the last, rounding of decimal and of binary numbers. */
static inline uint32_t s390x_random_fpc(uint64_t *state)
{
    return (uint32_t)abi_random(state) & 0xf8f8ff73;
}

/* As the instruction puts it into a register, with the condition code above it. */
enum { S390X_PM = 0x0f000000, S390X_CC = 0x30000000 };

static inline uint32_t s390x_random_pm(uint64_t *state)
{
    return (uint32_t)abi_random(state) & S390X_PM;
}

static inline uint32_t s390x_fpc(void)
{
    uint32_t value;
    __asm__ volatile("efpc %0" : "=d"(value));
    return value;
}

static inline void s390x_set_fpc(uint32_t value)
{
    __asm__ volatile("sfpc %0" ::"d"(value));
}

static inline uint32_t s390x_pm(void)
{
    uint32_t value = 0;
    __asm__ volatile("ipm %0" : "+d"(value));
    return value & S390X_PM;
}

static inline void s390x_set_pm(uint32_t value)
{
    __asm__ volatile("spm %0" ::"d"(value) : "cc");
}

static inline bool s390x_has_vectors(void)
{
    enum { HAS_VECTORS = 1 << 11 };
    return getauxval(AT_HWCAP) & HAS_VECTORS;
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t r6, r7, r8, r9, r10, r11, r12, r13;
    uint64_t f8, f9, f10, f11, f12, f13, f14, f15;
    uint32_t fpc, pm;
};
_Static_assert(offsetof(struct abi_kept, f8) == 64 && offsetof(struct abi_kept, fpc) == 128, "abi_switch");

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {ABI_KEPT(r6),
                                                   ABI_KEPT(r7),
                                                   ABI_KEPT(r8),
                                                   ABI_KEPT(r9),
                                                   ABI_KEPT(r10),
                                                   ABI_KEPT(r11),
                                                   ABI_KEPT(r12),
                                                   ABI_KEPT(r13),
                                                   ABI_KEPT(f8),
                                                   ABI_KEPT(f9),
                                                   ABI_KEPT(f10),
                                                   ABI_KEPT(f11),
                                                   ABI_KEPT(f12),
                                                   ABI_KEPT(f13),
                                                   ABI_KEPT(f14),
                                                   ABI_KEPT(f15),
                                                   ABI_KEPT(fpc),
                                                   ABI_KEPT(pm),
                                                   {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fpc), state);
    kept->fpc = s390x_random_fpc(state);
    kept->pm = s390x_random_pm(state);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint32_t fpc, pm;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == 24, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 8 == 0;
}

enum { S390X_ODD_FPC = 0x00800062, S390X_ODD_PM = 0x05000000 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    s390x_set_fpc(S390X_ODD_FPC);
    s390x_set_pm(S390X_ODD_PM);
    void *context = arch_context_init(top, entry);
    s390x_set_pm(0);
    s390x_set_fpc(0);
    return context;
}

static inline bool abi_entry_control(void)
{
    return abi_entered.fpc == S390X_ODD_FPC && (abi_entered.pm & S390X_PM) == S390X_ODD_PM;
}

/* ---- every register ---- */

/* The stack pointer is a multiple of 8. */
enum { ABI_VARIANTS = 8, ABI_VARIANT_STEP = 8, ABI_AREA = 64 };

struct abi_registers {
    uint64_t r[15];
    uint32_t cc_pm, fpc, a[16];
    uint8_t v[32][16];
};

/* Lies where the stack pointer points to: first what belongs to the functions that the code would call. */
struct abi_spin {
    uint8_t save_area[160];
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint64_t vectors;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
    uint8_t saved[160];
};
_Static_assert(offsetof(struct abi_spin, in) == 160 && offsetof(struct abi_spin, out) == 864, "abi_spin");
_Static_assert(offsetof(struct abi_spin, spinning) == 1568 && offsetof(struct abi_spin, old_sp) == 1600, "abi_spin");
_Static_assert(offsetof(struct abi_registers, a) == 128 && offsetof(struct abi_registers, v) == 192, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(spin->save_area, sizeof(spin->save_area), state);
    memcpy(spin->saved, spin->save_area, sizeof(spin->saved));
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    memset(&spin->out, 0, sizeof(spin->out));
    spin->in.r[0] = 0; /* the loop's */
    spin->in.cc_pm &= S390X_CC | S390X_PM;
    spin->in.fpc = s390x_random_fpc(state);
    spin->vectors = s390x_has_vectors();
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 0; i < 15; i++)
        if (in->r[i] != out->r[i])
            return snprintf(name, sizeof(name), "r%d", i), name;
    for (int i = 2; i < 16; i++)
        if (in->a[i] != out->a[i])
            return snprintf(name, sizeof(name), "a%d", i), name;
    if (in->cc_pm != out->cc_pm)
        return (in->cc_pm ^ out->cc_pm) & S390X_CC ? "condition code" : "program mask";
    if (in->fpc != out->fpc)
        return "fpc";
    for (int i = 0; i < (spin->vectors ? 32 : 16); i++)
        if (memcmp(in->v[i], out->v[i], spin->vectors ? 16 : 8))
            return snprintf(name, sizeof(name), "v%d", i), name;
    return memcmp(spin->saved, spin->save_area, sizeof(spin->saved)) ? "save area" : NULL;
}

enum { ABI_WAYS = 1 };

/* There is one only: the kernel's frame. */
static inline const char *abi_way(int way)
{
    return way == 0 ? "the kernel's frame" : NULL;
}

/* ---- what can not be made to call: nothing ---- */

enum { ABI_REFUSALS = 0 };

static inline const char *abi_refusal(int number, void *frame)
{
    (void)number;
    (void)frame;
    return NULL;
}

/* ---- how a callee finds things, and how it leaves them ---- */

void s390x_destroy(uint64_t vectors);

static inline void abi_destroy(void)
{
    s390x_destroy(s390x_has_vectors());
}

/* The name of a flag that has got here from somebody else's code, or NULL. */
static inline const char *abi_leak(void)
{
    return s390x_pm() ? "program mask" : NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (s390x_fpc() != 0)
        return "fpc";
    if (s390x_pm() != 0)
        return "program mask";
    return (uintptr_t)__builtin_frame_address(0) % 8 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define S390X_UPPER "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define S390X_ALL   "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15," S390X_UPPER
__asm__(
    "        .text\n"
    "        .machine push\n"
    "        .machine z13\n"
    /* std or ld of what a call keeps of floating point */
    "        .macro  ABI_FLOATS op, at, base\n"
    "        .irp    n, 8,9,10,11,12,13,14,15\n"
    "        \\op    %f\\n, (\\at + (\\n - 8) * 8)(\\base)\n"
    "        .endr\n"
    "        .endm\n"

    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "        .p2align 4\n"
    "abi_\\f:\n"
    "        stmg    %r6, %r15, 48(%r15)\n"
    "        lgr     %r1, %r15\n"
    "        aghi    %r15, -240\n"
    "        stg     %r1, 0(%r15)\n"
    "        ABI_FLOATS std, 160, %r15\n"
    "        stg     %r5, 224(%r15)\n"
    "        stfpc   232(%r15)\n"
    "        lmg     %r6, %r13, 0(%r4)\n"
    "        ABI_FLOATS ld, 64, %r4\n"
    "        lfpc    128(%r4)\n"
    "        l       %r0, 132(%r4)\n"
    "        spm     %r0\n"
    "        brasl   %r14, arch_\\f\n"
    "        lg      %r5, 224(%r15)\n"
    "        stmg    %r6, %r13, 0(%r5)\n"
    "        ABI_FLOATS std, 64, %r5\n"
    "        stfpc   128(%r5)\n"
    "        lghi    %r0, 0\n"
    "        ipm     %r0\n"
    "        nilh    %r0, 0x0f00\n"
    "        st      %r0, 132(%r5)\n"
    "        lghi    %r0, 0\n"
    "        spm     %r0\n"
    "        lfpc    232(%r15)\n"
    "        ABI_FLOATS ld, 160, %r15\n"
    "        lmg     %r6, %r15, 288(%r15)\n"
    "        br      %r14\n"
    "        .endr\n"

    "        .comm   abi_entered, 32, 8\n"
    "        .globl  abi_entry\n"
    "        .p2align 4\n"
    "abi_entry:\n"
    "        larl    %r1, abi_entered\n"
    "        stg     %r15, 0(%r1)\n"
    "        stg     %r14, 8(%r1)\n"
    "        stfpc   16(%r1)\n"
    "        ipm     %r0\n"
    "        st      %r0, 20(%r1)\n"
    "        lg      %r1, 24(%r1)\n"
    "        br      %r1\n"

    /* offsets: in 160 (r 0, cc_pm 120, fpc 124, a 128, v 192), out 864, spinning 1568, vectors 1576, old_sp 1600 */
    "        .globl  abi_spin\n"
    "        .p2align 4\n"
    "abi_spin:\n"
    "        stmg    %r6, %r15, 48(%r15)\n"
    "        aghi    %r15, -64\n"
    "        ABI_FLOATS std, 0, %r15\n"
    "        stg     %r15, 1600(%r2)\n"
    "        lgr     %r15, %r2\n"
    "        lg      %r1, 1576(%r15)\n"
    "        cgije   %r1, 0, 1f\n"
    "        .irp    n, " S390X_ALL "\n"
    "        vl      %v\\n, (352 + 16 * \\n)(%r15)\n"
    "        .endr\n"
    "        j       2f\n"
    "1:      .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        ld      %f\\n, (352 + 16 * \\n)(%r15)\n"
    "        .endr\n"
    "2:      lfpc    284(%r15)\n"
    "        lam     %a2, %a15, 296(%r15)\n"
    "        l       %r0, 280(%r15)\n"
    "        spm     %r0\n"
    "        lmg     %r0, %r14, 160(%r15)\n"
    /* The loop leaves the condition code alone. r0 holds a known value in the first half, and what is read from memory in the
     * second. */
    "1:      lghi    %r0, 0x55\n"
    "        .rept   8\n"
    "        nopr\n"
    "        .endr\n"
    "        cgijne  %r0, 0x55, 3f\n"
    "        lg      %r0, 1568(%r15)\n"
    "        cgije   %r0, 0, 3f\n"
    "        j       1b\n"
    "3:      stmg    %r0, %r14, 864(%r15)\n"
    "        lghi    %r0, 0\n"
    "        ipm     %r0\n"
    "        st      %r0, 984(%r15)\n"
    "        stfpc   988(%r15)\n"
    "        stam    %a2, %a15, 1000(%r15)\n"
    "        lghi    %r0, 0\n"
    "        spm     %r0\n"
    "        sfpc    %r0\n"
    "        lg      %r1, 1576(%r15)\n"
    "        cgije   %r1, 0, 1f\n"
    "        .irp    n, " S390X_ALL "\n"
    "        vst     %v\\n, (1056 + 16 * \\n)(%r15)\n"
    "        .endr\n"
    "        j       2f\n"
    "1:      .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        std     %f\\n, (1056 + 16 * \\n)(%r15)\n"
    "        .endr\n"
    "2:      lg      %r15, 1600(%r15)\n"
    "        ABI_FLOATS ld, 0, %r15\n"
    "        lmg     %r6, %r15, 112(%r15)\n"
    "        br      %r14\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "        .p2align 4\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        stmg    %r14, %r15, 112(%r15)\n"
    "        .cfi_offset %r14, -48\n"
    "        .cfi_offset %r15, -40\n"
    "        aghi    %r15, -48\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      lg      %r1, 0(%r2)\n"
    "        ltgr    %r1, %r1\n"
    "        jne     1b\n"
    "        lmg     %r14, %r15, 160(%r15)\n"
    "        .cfi_restore %r14\n"
    "        .cfi_restore %r15\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        br      %r14\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    /* Of 8 to 15 a call keeps the upper halves. */
    "        .globl  s390x_destroy\n"
    "        .p2align 4\n"
    "s390x_destroy:\n"
    "        lghi    %r1, -1\n"
    "        cgije   %r2, 0, 1f\n"
    "        .irp    n, 0,1,2,3,4,5,6,7," S390X_UPPER "\n"
    "        vgbm    %v\\n, 0xffff\n"
    "        .endr\n"
    "        .irp    n, 8,9,10,11,12,13,14,15\n"
    "        vlvgg   %v\\n, %r1, 1\n"
    "        .endr\n"
    "        j       2f\n"
    "1:      .irp    n, 0,1,2,3,4,5,6,7\n"
    "        ldgr    %f\\n, %r1\n"
    "        .endr\n"
    "2:      .irp    n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "        sar     %a\\n, %r1\n"
    "        .endr\n"
    "        llilh   %r1, 0x00f8\n"
    "        oill    %r1, 0xff73\n"
    "        sfpc    %r1\n"
    "        llilh   %r1, 0x3500\n"
    "        spm     %r1\n"
    "        lghi    %r0, -0x5556\n"
    "        .irp    n, 1,2,3,4,5\n"
    "        lgr     %r\\n, %r0\n"
    "        .endr\n"
    "        br      %r14\n"
    "        .machine pop\n"
);
/* clang-format on */

#endif
