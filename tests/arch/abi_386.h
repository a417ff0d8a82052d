/* What the tests of the CPU contract need in 386 assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_386_H
#define TESTS_ARCH_ABI_386_H

#include "abi_x86.h"

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint32_t ebx, ebp, esi, edi, mxcsr;
    uint16_t x87;
};

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {
    ABI_KEPT(ebx), ABI_KEPT(ebp), ABI_KEPT(esi), ABI_KEPT(edi), ABI_KEPT(mxcsr), ABI_KEPT(x87), {0}};

static inline void abi_kept_random(struct abi_kept *kept, uint64_t *state)
{
    abi_random_bytes(kept, offsetof(struct abi_kept, mxcsr), state);
    kept->mxcsr = x86_random_mxcsr(state);
    kept->x87 = x86_random_x87(state);
}

void abi_switch(void **save, void *load, const struct abi_kept *in, struct abi_kept *out);
bool abi_call(void **landing, void (*fn)(void *), const struct abi_kept *in, struct abi_kept *out);

/* ---- every register ---- */

enum { ABI_VARIANTS = 64, ABI_VARIANT_STEP = 1, ABI_AREA = X86_AREA };

struct abi_registers {
    uint32_t eax, ecx, edx, ebx, ebp, esi, edi, eflags;
};

/* Packed, because it is put at any address. */
struct __attribute__((packed)) abi_spin {
    struct abi_registers in, out;
    volatile uint32_t spinning;
    uint32_t components;
    uint8_t *in_area, *out_area;
    uint32_t old_sp;
};
_Static_assert(offsetof(struct abi_spin, out) == 32 && offsetof(struct abi_spin, spinning) == 64, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.ecx = 0; /* the loop's */
    spin->in.eflags = x86_random_flags(state, variant % 4 == 0);
    spin->components = x86_components();
    x86_random_area(spin->in_area, state);
    memset(spin->out_area, 0, X86_AREA);
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static const char *const names[] = {"eax", "ecx", "edx", "ebx", "ebp", "esi", "edi", "eflags"};
    for (unsigned i = 0; i < 8; i++)
        if (memcmp((const char *)&spin->in + 4 * i, (const char *)&spin->out + 4 * i, 4))
            return names[i];
    return x86_area_difference(spin->in_area, spin->out_area);
}

/* ---- the assembly ---- */

/* clang-format off */
__asm__(
    "        .text\n"
    /* After the pushes the arguments are at 36(%esp): save, load, in, out. */
    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "abi_\\f:\n"
    "        .irp    r, ebx, ebp, esi, edi\n"
    "        push    %\\r\n"
    "        .endr\n"
    "        sub     $16, %esp\n"
    "        stmxcsr (%esp)\n"
    "        fnstcw  4(%esp)\n"
    "        mov     44(%esp), %edx\n"
    "        mov     0(%edx), %ebx\n"
    "        mov     4(%edx), %ebp\n"
    "        mov     8(%edx), %esi\n"
    "        mov     12(%edx), %edi\n"
    "        ldmxcsr 16(%edx)\n"
    "        fldcw   20(%edx)\n"
    "        push    44(%esp)\n"
    "        push    44(%esp)\n"
    "        push    44(%esp)\n"
    "        call    arch_\\f\n"
    "        add     $12, %esp\n"
    "        mov     48(%esp), %ecx\n"
    "        mov     %ebx, 0(%ecx)\n"
    "        mov     %ebp, 4(%ecx)\n"
    "        mov     %esi, 8(%ecx)\n"
    "        mov     %edi, 12(%ecx)\n"
    "        stmxcsr 16(%ecx)\n"
    "        fnstcw  20(%ecx)\n"
    "        ldmxcsr (%esp)\n"
    "        fldcw   4(%esp)\n"
    "        add     $16, %esp\n"
    "        .irp    r, edi, esi, ebp, ebx\n"
    "        pop     %\\r\n"
    "        .endr\n"
    "        ret\n"
    "        .endr\n"

    "        .globl  abi_entry\n"
    "abi_entry:\n"
    "        call    1f\n"
    "1:      pop     %eax\n"
    "        add     $_GLOBAL_OFFSET_TABLE_ + (. - 1b), %eax\n"
    "        lea     abi_entered@GOTOFF(%eax), %edx\n"
    "        mov     %esp, (%edx)\n"
    "        mov     (%esp), %ecx\n"
    "        mov     %ecx, 4(%edx)\n"
    "        stmxcsr 8(%edx)\n"
    "        fnstcw  12(%edx)\n"
    "        jmp     *16(%edx)\n"
    "        .local  abi_entered\n"
    "        .comm   abi_entered, 32, 8\n"

    /* offsets: in 0, out 32, spinning 64, components 68, in_area 72, out_area 76, old_sp 80 */
    "        .globl  abi_spin\n"
    "abi_spin:\n"
    "        mov     4(%esp), %edi\n"
    "        .irp    r, ebx, ebp, esi, edi\n"
    "        push    %\\r\n"
    "        .endr\n"
    "        mov     %esp, 80(%edi)\n"
    "        mov     %edi, %esp\n"
    "        mov     72(%esp), %edi\n"
    "        mov     68(%esp), %eax\n"
    "        xor     %edx, %edx\n"
    "        test    %eax, %eax\n"
    "        jz      1f\n"
    "        xrstor  (%edi)\n"
    "        jmp     2f\n"
    "1:      fxrstor (%edi)\n"
    "2:      push    28(%esp)\n"
    "        popfl\n"
    "        .set    i, 0\n"
    "        .irp    r, eax, ecx, edx, ebx, ebp, esi, edi\n"
    "        mov     i * 4(%esp), %\\r\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    /* The loop leaves the flags alone. ecx holds a known value in the first half, and what is read from memory in the second. */
    "1:      mov     $0x5a5a1234, %ecx\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        lea     -0x5a5a1234(%ecx), %ecx\n"
    "        jecxz   2f\n"
    "        jmp     3f\n"
    "2:      mov     64(%esp), %ecx\n"
    "        jecxz   3f\n"
    "        jmp     1b\n"
    "3:      .set    i, 0\n"
    "        .irp    r, eax, ecx, edx, ebx, ebp, esi, edi\n"
    "        mov     %\\r, 32 + i * 4(%esp)\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    "        pushfl\n"
    "        pop     60(%esp)\n"
    "        push    $0x202\n"
    "        popfl\n"
    "        mov     76(%esp), %edi\n"
    "        mov     68(%esp), %eax\n"
    "        xor     %edx, %edx\n"
    "        test    %eax, %eax\n"
    "        jz      1f\n"
    "        xsave   (%edi)\n"
    "        jmp     2f\n"
    "1:      fxsave  (%edi)\n"
    "2:      fninit\n"
    "        push    $0x1f80\n"
    "        ldmxcsr (%esp)\n"
    "        add     $4, %esp\n"
    "        mov     80(%esp), %esp\n"
    "        .irp    r, edi, esi, ebp, ebx\n"
    "        pop     %\\r\n"
    "        .endr\n"
    "        ret\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        mov     4(%esp), %edx\n"
    "        sub     $40, %esp\n"
    "        .cfi_adjust_cfa_offset 40\n"
    "1:      cmpl    $0, (%edx)\n"
    "        jne     1b\n"
    "        add     $40, %esp\n"
    "        .cfi_adjust_cfa_offset -40\n"
    "        ret\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  x86_look\n"
    "x86_look:\n"
    "        mov     4(%esp), %ecx\n"
    "        pushfl\n"
    "        pop     (%ecx)\n"
    "        stmxcsr 4(%ecx)\n"
    "        fnstenv 8(%ecx)\n"
    "        fldcw   8(%ecx)\n" /* fnstenv masks all exceptions */
    "        ret\n"

    "        .globl  x86_destroy\n"
    "x86_destroy:\n"
    X86_DESTROY_BLOCK("4(%esp)")
    "        push    $0x7fbf\n"
    "        ldmxcsr (%esp)\n"
    "        movl    $0xc7f, (%esp)\n"
    "        fldcw   (%esp)\n"
    "        pop     %eax\n"
    "        .irp    r, eax, ecx, edx\n"
    "        mov     $0x55aa55aa, %\\r\n"
    "        .endr\n"
    "        cmp     $0x7fffffff, %eax\n"
    "        ret\n"
);
/* clang-format on */

#endif
