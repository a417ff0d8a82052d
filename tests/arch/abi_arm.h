/* What the tests of the CPU contract need in 32-bit ARM assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_ARM_H
#define TESTS_ARCH_ABI_ARM_H

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

#ifdef __thumb__
#define ABI_TRAP "bkpt #0; udf #0"
#define ARM_BACK ".thumb\n"
enum { ABI_SKIP = 4 };
#else
#define ABI_TRAP "bkpt #0; udf #0"
#define ARM_BACK ".arm\n"
enum { ABI_SKIP = 8 };
#endif

/* ---- the control word ---- */

enum { ARM_FP_FLAGS = (int)0xf0000000, ARM_FP_KEPT = 0x0fc0009f, ARM_CPSR = (int)0xf80f0000 };

/* Saturation, the other half precision, default NaN, flush to zero, rounding, which exceptions have been. */
static inline uint32_t arm_random_fpscr(uint64_t *state)
{
    return (uint32_t)abi_random(state) & ARM_FP_KEPT;
}

static inline uint32_t arm_fpscr(void)
{
    uint32_t value;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(value));
    return value;
}

static inline void arm_set_fpscr(uint32_t value)
{
    __asm__ volatile("vmsr fpscr, %0" ::"r"(value));
}

/* The FPU has 32 registers, not 16. */
static inline unsigned arm_d32(void)
{
    enum { HAS_D32 = 1 << 19 };
    return (getauxval(AT_HWCAP) & HAS_D32) != 0;
}

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint32_t r4, r5, r6, r7, r8, r9, r10, r11;
    uint64_t d8, d9, d10, d11, d12, d13, d14, d15;
    uint32_t fpscr;
};
_Static_assert(offsetof(struct abi_kept, d8) == 32 && offsetof(struct abi_kept, fpscr) == 96, "abi_switch");

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {
    ABI_KEPT(r4),  ABI_KEPT(r5),  ABI_KEPT(r6),  ABI_KEPT(r7),  ABI_KEPT(r8),    ABI_KEPT(r9),
    ABI_KEPT(r10), ABI_KEPT(r11), ABI_KEPT(d8),  ABI_KEPT(d9),  ABI_KEPT(d10),   ABI_KEPT(d11),
    ABI_KEPT(d12), ABI_KEPT(d13), ABI_KEPT(d14), ABI_KEPT(d15), ABI_KEPT(fpscr), {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, fpscr), state);
    kept->fpscr = arm_random_fpscr(state);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint32_t fpscr;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == 12, "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return abi_entered.sp % 8 == 0;
}

enum { ARM_ODD_FPSCR = 0x1c00000 };

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    arm_set_fpscr(ARM_ODD_FPSCR);
    void *context = arch_context_init(top, entry);
    arm_set_fpscr(0);
    return context;
}

static inline bool abi_entry_control(void)
{
    return abi_entered.fpscr == ARM_ODD_FPSCR;
}

/* ---- every register ---- */

/* A signal may come at a stack pointer that is no multiple of 8, but not at one that is no multiple of 4. */
enum { ABI_VARIANTS = 16, ABI_VARIANT_STEP = 4, ABI_AREA = 16 };

struct __attribute__((packed, aligned(4))) abi_registers {
    uint32_t r[15], cpsr, fpscr, unused; /* r[13] is the stack pointer */
    uint64_t d[32];
};

struct __attribute__((packed, aligned(4))) abi_spin {
    struct abi_registers in, out;
    volatile uint32_t spinning;
    uint32_t d32, old_sp, old_cpsr;
    uint8_t *in_area, *out_area;
};
_Static_assert(offsetof(struct abi_registers, cpsr) == 60 && offsetof(struct abi_registers, d) == 72, "abi_spin");
_Static_assert(offsetof(struct abi_spin, out) == 328 && offsetof(struct abi_spin, spinning) == 656, "abi_spin");

void abi_spin_arm(struct abi_spin *spin);
void abi_spin_thumb(struct abi_spin *spin);
extern const char abi_spin[];

/* In one half of the variants as ARM code, in the other as Thumb code, where the loop is one block of conditional instructions
 * after another. */
#define abi_spin(spin) ((uintptr_t)(spin)&4 ? abi_spin_arm : abi_spin_thumb)(spin)

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    (void)variant;
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.r[0] = 0; /* the loop's */
    spin->in.cpsr &= (uint32_t)ARM_CPSR;
    spin->in.fpscr = (uint32_t)abi_random(state) & (ARM_FP_KEPT | (uint32_t)ARM_FP_FLAGS);
    spin->d32 = arm_d32();
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static char name[16];
    const struct abi_registers *in = &spin->in, *out = &spin->out;

    for (int i = 0; i < 15; i++)
        if (i != 13 && in->r[i] != out->r[i])
            return snprintf(name, sizeof(name), "r%d", i), name;
    if (in->cpsr != (out->cpsr & (uint32_t)ARM_CPSR))
        return "cpsr";
    if (in->fpscr != out->fpscr)
        return "fpscr";
    for (unsigned i = 0; i < (spin->d32 ? 32 : 16); i++)
        if (in->d[i] != out->d[i])
            return snprintf(name, sizeof(name), "d%u", i), name;
    return NULL;
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
    (void)number;
    (void)frame;
    return NULL;
}

/* ---- how a callee finds things, and how it leaves them ---- */

void arm_destroy(unsigned d32);

static inline void abi_destroy(void)
{
    arm_destroy(arm_d32());
}

/* The name of a flag that has got here from somebody else's code, or NULL: a call keeps none. */
static inline const char *abi_leak(void)
{
    return NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    uintptr_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return arm_fpscr() != 0 ? "fpscr" : sp % 8 == 0 ? NULL : "stack alignment";
}

/* ---- the assembly ---- */

/* clang-format off */
#define ARM_FUNCTION(name) \
    "        .p2align 2\n        .globl " name "\n        .type " name ", %function\n" name ":\n"

/* What the two loops share. Offsets: in 0 (r 0, cpsr 60, fpscr 64, d 72), out 328, spinning 656, d32 660, old_sp 664, old_cpsr 668. */
#define ARM_SPIN_LOADS \
    "        push    {r4-r11, lr}\n" \
    "        vpush   {d8-d15}\n" \
    "        str     sp, [r0, #664]\n" \
    "        mov     sp, r0\n" \
    "        add     r1, sp, #72\n" \
    "        vldmia  r1!, {d0-d15}\n" \
    "        ldr     r2, [sp, #660]\n" \
    "        cmp     r2, #0\n" \
    "        beq     1f\n" \
    "        vldmia  r1, {d16-d31}\n" \
    "1:      ldr     r1, [sp, #64]\n" \
    "        vmsr    fpscr, r1\n" \
    "        ldr     r1, [sp, #60]\n" \
    "        msr     APSR_nzcvqg, r1\n" \
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,14\n" \
    "        ldr     r\\n, [sp, #(\\n * 4)]\n" \
    "        .endr\n"
#define ARM_SPIN_STORES \
    "        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,14\n" \
    "        str     r\\n, [sp, #(328 + \\n * 4)]\n" \
    "        .endr\n" \
    "        mrs     r1, APSR\n" \
    "        str     r1, [sp, #388]\n" \
    "        vmrs    r1, fpscr\n" \
    "        str     r1, [sp, #392]\n" \
    "        mov     r1, #0\n" \
    "        vmsr    fpscr, r1\n" \
    "        add     r1, sp, #400\n" \
    "        vstmia  r1!, {d0-d15}\n" \
    "        ldr     r2, [sp, #660]\n" \
    "        cmp     r2, #0\n" \
    "        beq     1f\n" \
    "        vstmia  r1, {d16-d31}\n" \
    "1:      ldr     r1, [sp, #664]\n" \
    "        mov     sp, r1\n" \
    "        vpop    {d8-d15}\n" \
    "        pop     {r4-r11, pc}\n"

__asm__(
    "        .text\n"
    "        .syntax unified\n"
    "        .fpu    neon\n"
    "        .arm\n"
    "        .irp    f, switch, call\n"
    ARM_FUNCTION("abi_\\f")
    "        push    {r2, r4-r11, lr}\n"
    "        vpush   {d8-d15}\n"
    "        vmrs    r12, fpscr\n"
    "        push    {r3, r12}\n"
    "        add     r12, r2, #32\n"
    "        vldmia  r12!, {d8-d15}\n"
    "        ldr     r12, [r12]\n"
    "        vmsr    fpscr, r12\n"
    "        ldm     r2, {r4-r11}\n"
    "        bl      arch_\\f\n"
    "        ldr     r3, [sp]\n"
    "        stm     r3, {r4-r11}\n"
    "        add     r12, r3, #32\n"
    "        vstmia  r12!, {d8-d15}\n"
    "        vmrs    r2, fpscr\n"
    "        bic     r2, r2, #0xf0000000\n"
    "        str     r2, [r12]\n"
    "        pop     {r3, r12}\n"
    "        vmsr    fpscr, r12\n"
    "        vpop    {d8-d15}\n"
    "        pop     {r2, r4-r11, pc}\n"
    "        .endr\n"

    "        .local  abi_entered\n"
    "        .comm   abi_entered, 16, 8\n"
    ARM_FUNCTION("abi_entry")
    "        movw    r1, #:lower16:(abi_entered - (1f + 8))\n"
    "        movt    r1, #:upper16:(abi_entered - (1f + 8))\n"
    "1:      add     r1, r1, pc\n"
    "        str     sp, [r1]\n"
    "        str     lr, [r1, #4]\n"
    "        vmrs    r2, fpscr\n"
    "        str     r2, [r1, #8]\n"
    "        ldr     r1, [r1, #12]\n"
    "        bx      r1\n"

    "        .globl  abi_spin, abi_spin_end\n"
    "abi_spin:\n"
    ARM_FUNCTION("abi_spin_arm")
    ARM_SPIN_LOADS
    /* The loops leave the flags alone. r0 holds a known value in the first half, and what is read from memory in the second. */
    "1:      mov     r0, #0x55\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        eor     r0, r0, #0x55\n"
    "        clz     r0, r0\n"
    "        lsr     r0, r0, #5\n"
    "        add     pc, pc, r0, lsl #2\n" /* the second one after this, or, if it was 0, the third */
    "        nop\n"
    "        b       4f\n"
    "        ldr     r0, [sp, #656]\n"
    "        clz     r0, r0\n"
    "        lsr     r0, r0, #5\n"
    "        add     pc, pc, r0, lsl #2\n"
    "        nop\n"
    "        b       1b\n"
    "        mov     r0, #0\n"
    "        b       3f\n"
    "4:      mov     r0, #1\n"
    "3:\n"
    ARM_SPIN_STORES

    "        .thumb\n"
    ARM_FUNCTION("abi_spin_thumb")
    ARM_SPIN_LOADS
    /* Of each four two are done, whatever the flags are. */
    "1:      mov     r0, #0\n"
    "        .rept   4\n"
    "        itete   cs\n"
    "        addcs   r0, r0, #3\n"
    "        addcc   r0, r0, #5\n"
    "        addcs   r0, r0, #7\n"
    "        addcc   r0, r0, #5\n"
    "        itttt   mi\n"
    "        addmi.w r0, r0, #1\n"
    "        submi   r0, r0, #1\n"
    "        addmi   r0, r0, #2\n"
    "        submi.w r0, r0, #2\n"
    "        .endr\n"
    "        sub.w   r0, r0, #40\n"
    "        cbnz    r0, 3f\n"
    "        ldr     r0, [sp, #656]\n"
    "        cbz     r0, 3f\n"
    "        b       1b\n"
    "3:\n"
    ARM_SPIN_STORES
    "        .arm\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait_end\n"
    ARM_FUNCTION("abi_wait")
    "        .fnstart\n"
    "        .pad    #48\n"
    "        sub     sp, sp, #48\n"
    "1:      ldr     r1, [r0]\n"
    "        cmp     r1, #0\n"
    "        bne     1b\n"
    "        add     sp, sp, #48\n"
    "        bx      lr\n"
    "        .fnend\n"
    "abi_wait_end:\n"

    ARM_FUNCTION("arm_destroy")
    "        mov     r1, #-1\n"
    "        cmp     r0, #0\n"
    "        beq     1f\n"
    "        .irp    n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "        vmov    d\\n, r1, r1\n"
    "        .endr\n"
    "1:      .irp    n, 0,1,2,3,4,5,6,7\n"
    "        vmov    d\\n, r1, r1\n"
    "        .endr\n"
    "        movw    r1, #0x1f\n"
    "        movt    r1, #0xf280\n"
    "        vmsr    fpscr, r1\n"
    "        mov     r1, #0xf8000000\n"
    "        orr     r1, r1, #0xf0000\n"
    "        msr     APSR_nzcvqg, r1\n"
    "        .irp    n, 0,1,2,3,12\n"
    "        mov     r\\n, #0xaa\n"
    "        .endr\n"
    "        bx      lr\n"
    "        .fpu    vfpv3-d16\n"
    ARM_BACK
);
/* clang-format on */

#endif
