/* What the tests for amd64 and 386 share: the control words, the flags, and the block that XSAVE saves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_X86_H
#define TESTS_ARCH_ABI_X86_H

#include <cpuid.h>
#include <ucontext.h>
#include "arch/x86/state.h"

enum { X86_AREA = 4096, X86_XMM = sizeof(long) == 8 ? 256 : 128, X86_DIRECTION = 0x400, X86_ALIGNMENT = 0x40000 };

#define ABI_TRAP        "ud2; hlt"
#define ABI_TRAP_SIGNAL SIGILL /* SIGTRAP is that of who steps through a program */
enum { ABI_SKIP = 3 };

/* Rounding, flush to zero, and which exceptions are masked; no exception is raised. */
static inline uint32_t x86_random_mxcsr(uint64_t *state)
{
    return 0x1000 | (abi_random(state) & 0xef80);
}

/* Rounding, precision and masks. Bit 6 is always set. */
static inline uint16_t x86_random_x87(uint64_t *state)
{
    return 0x40 | (abi_random(state) & 0xf3f);
}

/* Carry, parity, adjust, zero, sign and overflow at random; the direction down. Alignment checks where nothing is misaligned. */
static inline uint32_t x86_random_flags(uint64_t *state, bool aligned)
{
    return 0x202 | (abi_random(state) & 0x8d5) | X86_DIRECTION | (aligned ? X86_ALIGNMENT : 0);
}

/* ---- how a new context starts ---- */

struct abi_entered {
    uintptr_t sp, caller;
    uint32_t mxcsr;
    uint16_t x87;
    void (*body)(void);
};
_Static_assert(offsetof(struct abi_entered, body) == (sizeof(long) == 8 ? 24 : 16), "abi_entry");
extern struct abi_entered abi_entered;
void abi_entry(void);

static inline bool abi_entry_aligned(void)
{
    return (abi_entered.sp + sizeof(long)) % 16 == 0;
}

enum { X86_ODD_MXCSR = 0x1f80 | 0xe000, X86_ODD_X87 = 0x0e7f };

static inline void x86_set_control(uint32_t mxcsr, uint16_t x87)
{
    __asm__ volatile("ldmxcsr %0; fldcw %1" ::"m"(mxcsr), "m"(x87));
}

static inline void *abi_new_context(void *top, void (*entry)(void))
{
    x86_set_control(X86_ODD_MXCSR, X86_ODD_X87);
    void *context = arch_context_init(top, entry);
    x86_set_control(0x1f80, 0x37f);
    return context;
}

static inline bool abi_entry_control(void)
{
    return abi_entered.mxcsr == X86_ODD_MXCSR && abi_entered.x87 == X86_ODD_X87;
}

/* ---- the block ---- */

/* The instruction that the library uses: the machine's, or, to see the others work as well, an older one. Then what that does not
 * save is left alone. */
static uint32_t x86_kind;

/* The components that the machine has and that can be filled at will: not MPX, PKRU and tiles. 0: FXSAVE. */
static inline uint32_t x86_components(void)
{
    uint32_t a, d;
    if (x86_kind < X86_XSAVE)
        return 0;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return a & (sizeof(long) == 8 ? 0x800e7 : 0x67);
}

static inline struct abi_field x86_component(unsigned number)
{
    static const char *const names[] = {"", "", "ymm upper halves", "", "", "k0-k7", "zmm upper halves", "zmm16-zmm31"};
    uint32_t size, offset, c, d;
    __cpuid_count(0xd, number, size, offset, c, d);
    if (sizeof(long) == 4 && (number == 2 || number == 6))
        size /= 2; /* eight registers of sixteen */
    return (struct abi_field){number < 8 ? names[number] : "r16-r31", offset, size};
}

/* The area in XSAVE's layout: all of the x87 stack in use, exceptions raised but masked, random bits elsewhere. */
static inline void x86_random_area(uint8_t *area, uint64_t *state)
{
    uint32_t components = x86_components();
    uint16_t x87[3] = {x86_random_x87(state) | 0x3f, abi_random(state) & 0x7f7f, 0xff};
    uint32_t mxcsr = x86_kind == X86_FNSAVE ? 0x1f80 : x86_random_mxcsr(state) | 0x1f80 | (abi_random(state) & 0x3f);

    memset(area, 0, X86_AREA);
    memcpy(area, x87, sizeof(x87));
    memcpy(area + 24, &mxcsr, sizeof(mxcsr));
    for (int i = 0; i < 8; i++)
        abi_random_bytes(area + 32 + 16 * i, 10, state);
    abi_random_bytes(area + 160, X86_XMM, state);
    for (unsigned i = 2; i < 32; i++)
        if (components >> i & 1)
            abi_random_bytes(area + x86_component(i).offset, x86_component(i).size, state);
    memcpy(area + 512, &components, sizeof(components));
}

static inline const char *x86_area_difference(const uint8_t *expected, const uint8_t *found)
{
    static const struct abi_field x87[] = {
        {"x87 control", 0, 2}, {"x87 status", 2, 2}, {"x87 tags", 4, 1}, {"st0-st7", 32, 128}, {0}};
    static const struct abi_field sse[] = {{"mxcsr", 24, 4}, {"xmm", 160, X86_XMM}, {0}};
    const char *name = abi_difference(x87, expected, found);

    if (!name && x86_kind != X86_FNSAVE)
        name = abi_difference(sse, expected, found);
    for (unsigned i = 2; i < 32 && !name; i++)
        if (x86_components() >> i & 1)
            name = abi_difference((struct abi_field[]){x86_component(i), {0}}, expected, found);
    return name;
}

enum { ABI_WAYS = 4 };

/* Makes arch_preempt save the block in one of the ways that the CPU knows. NULL: this machine can not, and saves in its own way. */
static inline const char *abi_way(int way)
{
    static const char *const names[] = {"FNSAVE", "FXSAVE", "XSAVE", "XSAVEC"};
    static struct x86_state machine;

    if (!machine.size)
        machine = arch_state;
    arch_state = machine;
    x86_kind = machine.kind;
    if ((uint32_t)way > machine.kind || (way == X86_FNSAVE && sizeof(long) == 8))
        return NULL;
    arch_state.kind = x86_kind = (uint32_t)way;
    if (way < X86_XSAVE) {
        arch_state.size = way == X86_FNSAVE ? 108 : 512;
        arch_state.mask = ~UINT64_C(0); /* the kernel's frame holds more all the same, and is not to be refused */
    }
    return names[way];
}

/* ---- what can not be made to call ---- */

enum { ABI_REFUSALS = 3 };

/* Edits a frame so that arch_inject must refuse it, and says why; abi_way undoes what it does beside. */
static inline const char *abi_refusal(int number, void *frame)
{
    greg_t *regs = ((ucontext_t *)frame)->uc_mcontext.gregs;

    if (number == 1) {
        arch_state.mask &= ~UINT64_C(4);
        return "a frame with vector state in use that the library does not save";
    }
    if (number == 2) {
        arch_state.size += 1 << 20;
        return "a frame without room for vector state";
    }
    regs[REG_EFL] |= X86_ALIGNMENT;
    regs[sizeof(long) == 8 ? 15 : 7] |= 2;
    return "a misaligned stack pointer under alignment checks";
}

/* ---- how a callee finds things, and how it leaves them ---- */

/* What abi_look notes. */
struct x86_seen {
    uintptr_t flags;
    uint32_t mxcsr;
    uint32_t environment[7]; /* fnstenv: control, status, tags */
};

void x86_look(struct x86_seen *seen);
void x86_destroy(uintptr_t components);

static inline void abi_destroy(void)
{
    if (x86_kind == X86_FNSAVE)
        __asm__ volatile("fninit; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fninit");
    else
        x86_destroy(x86_components());
}

/* The name of a flag that has got here from somebody else's code, or NULL. */
static inline const char *abi_leak(void)
{
    struct x86_seen seen;

    x86_look(&seen);
    return seen.flags & X86_ALIGNMENT ? "alignment checks" : seen.flags & X86_DIRECTION ? "direction flag" : NULL;
}

/* Inline, because it looks at its caller's frame. */
static inline __attribute__((always_inline)) const char *abi_problem(void)
{
    struct x86_seen seen;

    x86_look(&seen);
    if (seen.flags & X86_DIRECTION)
        return "direction flag";
    if (seen.flags & X86_ALIGNMENT)
        return "alignment checks";
    if (seen.mxcsr != 0x1f80)
        return "mxcsr";
    if ((seen.environment[0] & 0xffff) != 0x37f)
        return "x87 control";
    if ((seen.environment[2] & 0xffff) != 0xffff)
        return "x87 stack in use";
    return (uintptr_t)__builtin_frame_address(0) % 16 == (sizeof(long) == 8 ? 0 : 8) ? NULL : "stack alignment";
}

/* clang-format off */
#define X86_DESTROY_BLOCK(components)                                                                   \
    "        testb   $0x80, " components "\n"                                                           \
    "        jz      1f\n"                                                                              \
    "        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7\n"                                                       \
    "        vpternlogd $255, %zmm\\n, %zmm\\n, %zmm\\n\n"                                              \
    "        kxnorw  %k\\n, %k\\n, %k\\n\n"                                                             \
    "        .endr\n"                                                                                   \
    "1:      testb   $4, " components "\n"                                                              \
    "        jz      1f\n"                                                                              \
    "        vzeroupper\n"                                                                              \
    "1:      .irp    n, 0, 1, 2, 3, 4, 5, 6, 7\n"                                                       \
    "        pcmpeqd %xmm\\n, %xmm\\n\n"                                                                \
    "        fldpi\n"                                                                                   \
    "        .endr\n"                                                                                   \
    "        fninit\n"
/* clang-format on */

#endif
