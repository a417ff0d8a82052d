/* What the tests of the CPU contract need in riscv64 assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_RISCV64_H
#define TESTS_ARCH_ABI_RISCV64_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

/* Both compressed, as a compiler may have any instruction. */
#define ABI_TRAP ".2byte 0x9002; .2byte 0"
enum { ABI_SKIP = 4 };

/* ---- the control word ---- */

/* Rounding, and which exceptions have been. */
static inline uint64_t riscv64_random_fcsr(uint64_t *state)
{
    return abi_random(state) % 5 << 5 | (abi_random(state) & 0x1f);
}

static inline uint64_t riscv64_fcsr(void)
{
    uint64_t value;
    __asm__ volatile("frcsr %0" : "=r"(value));
    return value;
}

static inline void riscv64_set_fcsr(uint64_t value)
{
    __asm__ volatile("fscsr %0" ::"r"(value));
}

/* Bytes of a vector register; 0: this machine has none, or (an emulator) no room for them in the frames of signals. A kernel that
 * has, tells how large those are. */
static inline unsigned riscv64_vector(void)
{
    enum { FRAME_SIZE = 51 /* AT_MINSIGSTKSZ */ };
    uint64_t bytes;
    if (!(getauxval(AT_HWCAP) >> ('V' - 'A') & 1) || !getauxval(FRAME_SIZE))
        return 0;
    __asm__ volatile("csrr %0, 0xc22" : "=r"(bytes));
    return bytes <= 256 ? (unsigned)bytes : 0;
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    uint64_t fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11;
    uint64_t fcsr;
};
_Static_assert(offsetof(struct abi_kept, fs0) == 96 && offsetof(struct abi_kept, fcsr) == 192, "abi_switch");

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {ABI_KEPT(s0),   ABI_KEPT(s1),
                                                   ABI_KEPT(s2),   ABI_KEPT(s3),
                                                   ABI_KEPT(s4),   ABI_KEPT(s5),
                                                   ABI_KEPT(s6),   ABI_KEPT(s7),
                                                   ABI_KEPT(s8),   ABI_KEPT(s9),
                                                   ABI_KEPT(s10),  ABI_KEPT(s11),
                                                   ABI_KEPT(fs0),  ABI_KEPT(fs1),
                                                   ABI_KEPT(fs2),  ABI_KEPT(fs3),
                                                   ABI_KEPT(fs4),  ABI_KEPT(fs5),
                                                   ABI_KEPT(fs6),  ABI_KEPT(fs7),
                                                   ABI_KEPT(fs8),  ABI_KEPT(fs9),
                                                   ABI_KEPT(fs10), ABI_KEPT(fs11),
                                                   ABI_KEPT(fcsr), {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fcsr), state);
    kept->fcsr = riscv64_random_fcsr(state);
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

enum { RISCV64_ODD_FCSR = 0x4a, RISCV64_ODD_ROUNDING = 0x40 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    riscv64_set_fcsr(RISCV64_ODD_FCSR);
    void *context = arch_context_init(top, entry);
    riscv64_set_fcsr(0);
    return context;
}

/* The rounding, without what has been raised. */
static inline bool abi_entry_control(void)
{
    return abi_entered.fcsr == RISCV64_ODD_ROUNDING;
}

/* ---- every register ---- */

/* AREA: 32 vectors of 256 bytes at most. */
enum { ABI_VARIANTS = 4, ABI_VARIANT_STEP = 16, ABI_AREA = 32 * 256 };

/* By their numbers. x[0] is 0, x[2] the stack pointer, x[3] the global pointer, x[4] the thread's. */
struct abi_registers {
    uint64_t x[32], f[32], fcsr, vstart, vl, vtype, vcsr;
};

struct abi_spin {
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint64_t vector;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
};
_Static_assert(offsetof(struct abi_registers, fcsr) == 512, "abi_spin");
_Static_assert(offsetof(struct abi_spin, out) == 552 && offsetof(struct abi_spin, spinning) == 1104, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.x[10] = 0; /* a0 is the loop's */
    spin->in.fcsr = riscv64_random_fcsr(state);
    spin->in.vstart = abi_random(state) % 8;
    spin->in.vl = 1 + abi_random(state) % 8;
    spin->in.vtype = abi_random(state) & 0xc0; /* bytes, and what becomes of those that are not reached */
    spin->in.vcsr = abi_random(state) & 7;
    spin->vector = riscv64_vector();
    abi_random_bytes(spin->in_area, ABI_AREA, state);
    memset(spin->out_area, 0, ABI_AREA);
}

static inline const char *riscv64_vector_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;
    unsigned width = (unsigned)spin->vector;

    if (!width)
        return NULL;
    for (unsigned i = 0; i < 32; i++)
        if (memcmp(spin->in_area + i * width, spin->out_area + i * width, width))
            return snprintf(name, sizeof(name), "v%u", i), name;
    if (in->vstart != out->vstart || in->vl != out->vl)
        return in->vl != out->vl ? "vl" : "vstart";
    return in->vtype != out->vtype ? "vtype" : in->vcsr != out->vcsr ? "vcsr" : NULL;
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 1; i < 32; i++)
        if ((i == 1 || i > 4) && in->x[i] != out->x[i])
            return snprintf(name, sizeof(name), "x%d", i), name;
    for (int i = 0; i < 32; i++)
        if (in->f[i] != out->f[i])
            return snprintf(name, sizeof(name), "f%d", i), name;
    return in->fcsr != out->fcsr ? "fcsr" : riscv64_vector_difference(spin);
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

#define ABI_FORGED "a fault's frame with vectors is copied whole, and its copy says where they are"

/* A frame as Linux 6.5 puts it at the end of an alternate stack: registers, a record of vector registers of 16 bytes each, with
 * their address in it, and the last record. The name of what is wrong with what arch_inject makes of it, or NULL. */
static inline const char *abi_forged(void (*callee)(void))
{
    enum {
        HEAD = 8,
        WORDS = 48,
        DATA = 32 * 16,
        AT = sizeof(ucontext_t) - HEAD,
        ALL = AT + HEAD + WORDS + DATA + HEAD,
        BASE = 128
    };
    static _Alignas(16) char alternate[4096], stack[8192];
    const uint32_t head[] = {0x53465457, HEAD + WORDS + DATA}, last[] = {0, 0};
    char *at = alternate + ((sizeof alternate - ALL) & -(size_t)16);
    ucontext_t *u = (ucontext_t *)at;
    uint64_t state = 7, words[] = {0, 5, 0, 0, 16, (uintptr_t)at + AT + HEAD + WORDS}, *found;

    abi_random_bytes(alternate, sizeof alternate, &state);
    u->uc_stack = (stack_t){.ss_sp = alternate, .ss_size = sizeof alternate};
    u->uc_mcontext.__gregs[REG_SP] = (uintptr_t)stack + sizeof stack - 40;
    memcpy(at + AT, head, sizeof head);
    memcpy(at + AT + HEAD, words, sizeof words);
    memcpy(at + AT + HEAD + WORDS + DATA, last, sizeof last);
    if (!arch_inject(u, callee))
        return "it is refused";
    char *copy = (char *)u->uc_mcontext.__gregs[REG_SP] + BASE;
    if (copy < stack || copy + ALL > stack + sizeof stack - 40 || (uintptr_t)copy % 16 != 0)
        return "where the copy is";
    found = (uint64_t *)(copy + AT + HEAD);
    if (found[5] != (uintptr_t)(found + 6))
        return "where the copy says that the registers are";
    found[5] = words[5];
    return memcmp(copy + AT, at + AT, ALL - AT) ? "the records" : NULL;
}

/* ---- how a callee finds things, and how it leaves them ---- */

void riscv64_destroy(uint64_t vector);

static inline void abi_destroy(void)
{
    riscv64_destroy(riscv64_vector());
}

/* The name of a flag that has got here from somebody else's code, or NULL: there are no flags. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    if (riscv64_fcsr() != 0)
        return "fcsr";
    return (uintptr_t)__builtin_frame_address(0) % 16 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define RISCV64_KEPT  "0,1,2,3,4,5,6,7,8,9,10,11"
#define RISCV64_BUT_5 "6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define RISCV64_ALL   "0,1,2,3,4,5," RISCV64_BUT_5
__asm__(
    "        .text\n"
    "        .option push\n"
    "        .option arch, +v\n"
    /* what a call keeps, 192 bytes from base on */
    "        .macro  ABI_KEPT op, base\n"
    "        .irp    n, " RISCV64_KEPT "\n"
    "        \\op    s\\n, (\\n * 8)(\\base)\n"
    "        f\\op   fs\\n, (96 + \\n * 8)(\\base)\n"
    "        .endr\n"
    "        .endm\n"

    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "abi_\\f:\n"
    "        addi    sp, sp, -224\n"
    "        sd      ra, 200(sp)\n"
    "        ABI_KEPT sd, sp\n"
    "        sd      a3, 208(sp)\n"
    "        frcsr   t0\n"
    "        sd      t0, 216(sp)\n"
    "        ABI_KEPT ld, a2\n"
    "        ld      t0, 192(a2)\n"
    "        fscsr   t0\n"
    "        call    arch_\\f\n"
    "        ld      a3, 208(sp)\n"
    "        ABI_KEPT sd, a3\n"
    "        frcsr   t0\n"
    "        sd      t0, 192(a3)\n"
    "        ld      t0, 216(sp)\n"
    "        fscsr   t0\n"
    "        ABI_KEPT ld, sp\n"
    "        ld      ra, 200(sp)\n"
    "        addi    sp, sp, 224\n"
    "        ret\n"
    "        .endr\n"

    "        .comm   abi_entered, 32, 8\n"
    "        .globl  abi_entry\n"
    "abi_entry:\n"
    "        la      t0, abi_entered\n"
    "        sd      sp, 0(t0)\n"
    "        sd      ra, 8(t0)\n"
    "        frcsr   t1\n"
    "        sd      t1, 16(t0)\n"
    "        ld      t1, 24(t0)\n"
    "        jr      t1\n"

    /* offsets: in 0 (x 0, f 256, fcsr 512, vstart 520, vl 528, vtype 536, vcsr 544), out 552, spinning 1104, vector 1112,
     * in_area 1120, out_area 1128, old_sp 1136 */
    "        .globl  abi_spin\n"
    "abi_spin:\n"
    "        addi    sp, sp, -208\n"
    "        sd      ra, 192(sp)\n"
    "        ABI_KEPT sd, sp\n"
    "        sd      sp, 1136(a0)\n"
    "        mv      sp, a0\n"
    "        ld      t0, 1112(sp)\n"
    "        beqz    t0, 2f\n"
    "        slli    t0, t0, 3\n"
    "        ld      t1, 1120(sp)\n"
    "        .irp    n, 0,8,16,24\n"
    "        vl8re8.v v\\n, (t1)\n"
    "        add     t1, t1, t0\n"
    "        .endr\n"
    "        ld      t0, 528(sp)\n"
    "        ld      t1, 536(sp)\n"
    "        vsetvl  zero, t0, t1\n"
    "        ld      t0, 544(sp)\n"
    "        csrw    vcsr, t0\n"
    "        ld      t0, 520(sp)\n"
    "        csrw    vstart, t0\n"
    "2:      .irp    n, " RISCV64_ALL "\n"
    "        fld     f\\n, (256 + \\n * 8)(sp)\n"
    "        .endr\n"
    "        ld      t0, 512(sp)\n"
    "        fscsr   t0\n"
    "        ld      ra, 8(sp)\n"
    "        ld      t0, 40(sp)\n"
    "        .irp    n, " RISCV64_BUT_5 "\n"
    "        ld      x\\n, (\\n * 8)(sp)\n"
    "        .endr\n"
    /* a0 holds a known value in the first half, and what is read from memory in the second. */
    "1:      li      a0, 0x555\n"
    "        .rept   8\n"
    "        nop\n"
    "        .4byte  0x13\n"
    "        .endr\n"
    "        xori    a0, a0, 0x555\n"
    "        bnez    a0, 3f\n"
    "        ld      a0, 1104(sp)\n"
    "        beqz    a0, 3f\n"
    "        j       1b\n"
    "3:      sd      ra, (552 + 8)(sp)\n"
    "        sd      t0, (552 + 40)(sp)\n"
    "        .irp    n, " RISCV64_BUT_5 "\n"
    "        sd      x\\n, (552 + \\n * 8)(sp)\n"
    "        .endr\n"
    "        .irp    n, " RISCV64_ALL "\n"
    "        fsd     f\\n, (552 + 256 + \\n * 8)(sp)\n"
    "        .endr\n"
    "        frcsr   t0\n"
    "        sd      t0, (552 + 512)(sp)\n"
    "        fscsr   zero\n"
    "        ld      t0, 1112(sp)\n"
    "        beqz    t0, 2f\n"
    "        csrr    t1, vstart\n"
    "        csrw    vstart, zero\n"
    "        sd      t1, (552 + 520)(sp)\n"
    "        csrr    t1, vl\n"
    "        sd      t1, (552 + 528)(sp)\n"
    "        csrr    t1, vtype\n"
    "        sd      t1, (552 + 536)(sp)\n"
    "        csrr    t1, vcsr\n"
    "        sd      t1, (552 + 544)(sp)\n"
    "        slli    t0, t0, 3\n"
    "        ld      t1, 1128(sp)\n"
    "        .irp    n, 0,8,16,24\n"
    "        vs8r.v  v\\n, (t1)\n"
    "        add     t1, t1, t0\n"
    "        .endr\n"
    "2:      ld      sp, 1136(sp)\n"
    "        ABI_KEPT ld, sp\n"
    "        ld      ra, 192(sp)\n"
    "        addi    sp, sp, 208\n"
    "        ret\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        addi    sp, sp, -48\n"
    "        .cfi_adjust_cfa_offset 48\n"
    "1:      ld      a1, 0(a0)\n"
    "        bnez    a1, 1b\n"
    "        addi    sp, sp, 48\n"
    "        .cfi_adjust_cfa_offset -48\n"
    "        ret\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  riscv64_destroy\n"
    "riscv64_destroy:\n"
    "        beqz    a0, 1f\n"
    "        vsetvli t0, zero, e8, m8, ta, ma\n"
    "        .irp    n, 0,8,16,24\n"
    "        vmv.v.i v\\n, -1\n"
    "        .endr\n"
    "        csrwi   vcsr, 7\n"
    "1:      li      t0, -1\n"
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11\n"
    "        fmv.d.x ft\\n, t0\n"
    "        .endr\n"
    "        .irp    n, 0,1,2,3,4,5,6,7\n"
    "        fmv.d.x fa\\n, t0\n"
    "        .endr\n"
    "        li      t0, 0x7f\n" /* a rounding of 3, all exceptions */
    "        fscsr   t0\n"
    "        .irp    r, t0, t1, t2, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7\n"
    "        li      \\r, -1431655766\n"
    "        .endr\n"
    "        ret\n"
    "        .option pop\n"
);
/* clang-format on */

#endif
