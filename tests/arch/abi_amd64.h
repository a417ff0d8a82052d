/* What the tests of the CPU contract need in amd64 assembly; see abi.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_AMD64_H
#define TESTS_ARCH_ABI_AMD64_H

#include "abi_x86.h"

/* ---- the registers that a call keeps ---- */

struct abi_kept {
    uint64_t rbx, rbp, r12, r13, r14, r15;
    uint32_t mxcsr;
    uint16_t x87;
};

#define ABI_KEPT(name)                                                                                                             \
    {                                                                                                                              \
#name, offsetof(struct abi_kept, name), sizeof(((struct abi_kept *)0)->name)                                               \
    }
static const struct abi_field abi_kept_fields[] = {
    ABI_KEPT(rbx), ABI_KEPT(rbp), ABI_KEPT(r12), ABI_KEPT(r13), ABI_KEPT(r14), ABI_KEPT(r15), ABI_KEPT(mxcsr), ABI_KEPT(x87), {0}};

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
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
    uint64_t red_zone[16];
};

/* Packed, because it is put at any address. */
struct __attribute__((packed)) abi_spin {
    struct abi_registers in, out;
    volatile uint64_t spinning;
    uint64_t components;
    uint8_t *in_area, *out_area;
    uint64_t old_sp;
};
_Static_assert(offsetof(struct abi_spin, out) == 256 && offsetof(struct abi_spin, spinning) == 512, "abi_spin");
_Static_assert(offsetof(struct abi_registers, rflags) == 120 && offsetof(struct abi_registers, red_zone) == 128, "abi_spin");

void abi_spin(struct abi_spin *spin);

static inline void abi_spin_random(struct abi_spin *spin, unsigned variant, uint64_t *state)
{
    abi_random_bytes(&spin->in, sizeof(spin->in), state);
    spin->in.rcx = 0; /* the loop's */
    spin->in.rflags = x86_random_flags(state, variant % 8 == 0);
    spin->components = x86_components();
    x86_random_area(spin->in_area, state);
    memset(spin->out_area, 0, X86_AREA);
}

static inline const char *abi_spin_difference(const struct abi_spin *spin)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8",
                                        "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rflags"};
    for (unsigned i = 0; i < 16; i++)
        if (memcmp((const char *)&spin->in + 8 * i, (const char *)&spin->out + 8 * i, 8))
            return names[i];
    if (memcmp(spin->in.red_zone, spin->out.red_zone, sizeof(spin->in.red_zone)))
        return "red zone";
    return x86_area_difference(spin->in_area, spin->out_area);
}

/* ---- the assembly ---- */

/* clang-format off */
__asm__(
    "        .text\n"
    "        .irp    f, switch, call\n"
    "        .globl  abi_\\f\n"
    "abi_\\f:\n"
    "        .irp    r, rbx, rbp, r12, r13, r14, r15, rcx\n"
    "        push    %\\r\n"
    "        .endr\n"
    "        sub     $24, %rsp\n"
    "        stmxcsr (%rsp)\n"
    "        fnstcw  4(%rsp)\n"
    "        mov     0(%rdx), %rbx\n"
    "        mov     8(%rdx), %rbp\n"
    "        mov     16(%rdx), %r12\n"
    "        mov     24(%rdx), %r13\n"
    "        mov     32(%rdx), %r14\n"
    "        mov     40(%rdx), %r15\n"
    "        ldmxcsr 48(%rdx)\n"
    "        fldcw   52(%rdx)\n"
    "        call    arch_\\f\n"
    "        mov     24(%rsp), %rcx\n"
    "        mov     %rbx, 0(%rcx)\n"
    "        mov     %rbp, 8(%rcx)\n"
    "        mov     %r12, 16(%rcx)\n"
    "        mov     %r13, 24(%rcx)\n"
    "        mov     %r14, 32(%rcx)\n"
    "        mov     %r15, 40(%rcx)\n"
    "        stmxcsr 48(%rcx)\n"
    "        fnstcw  52(%rcx)\n"
    "        ldmxcsr (%rsp)\n"
    "        fldcw   4(%rsp)\n"
    "        add     $24, %rsp\n"
    "        .irp    r, rcx, r15, r14, r13, r12, rbp, rbx\n"
    "        pop     %\\r\n"
    "        .endr\n"
    "        ret\n"
    "        .endr\n"

    "        .comm   abi_entered, 32, 8\n"
    "        .globl  abi_entry\n"
    "abi_entry:\n"
    "        lea     abi_entered(%rip), %rax\n"
    "        mov     %rsp, (%rax)\n"
    "        mov     (%rsp), %rcx\n"
    "        mov     %rcx, 8(%rax)\n"
    "        stmxcsr 16(%rax)\n"
    "        fnstcw  20(%rax)\n"
    "        jmp     *24(%rax)\n"

    /* offsets: in 0, out 256, spinning 512, components 520, in_area 528, out_area 536, old_sp 544 */
    "        .globl  abi_spin\n"
    "abi_spin:\n"
    "        .irp    r, rbx, rbp, r12, r13, r14, r15\n"
    "        push    %\\r\n"
    "        .endr\n"
    "        mov     %rsp, 544(%rdi)\n"
    "        mov     %rdi, %rsp\n"
    "        mov     528(%rsp), %rdi\n"
    "        mov     520(%rsp), %rax\n"
    "        xor     %edx, %edx\n"
    "        test    %rax, %rax\n"
    "        jz      1f\n"
    "        xrstor64 (%rdi)\n"
    "        jmp     2f\n"
    "1:      fxrstor64 (%rdi)\n"
    "2:      push    120(%rsp)\n"
    "        popfq\n"
    "        .set    i, 0\n"
    "        .rept   16\n"
    "        mov     128 + i * 8(%rsp), %rax\n"
    "        mov     %rax, i * 8 - 128(%rsp)\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    "        .set    i, 0\n"
    "        .irp    r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15\n"
    "        mov     i * 8(%rsp), %\\r\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    /* The loop leaves the flags alone. rcx holds a known value in the first half, and what is read from memory in the second. */
    "1:      mov     $0x5a5a1234, %ecx\n"
    "        .rept   8\n"
    "        nop\n"
    "        .endr\n"
    "        lea     -0x5a5a1234(%rcx), %rcx\n"
    "        jrcxz   2f\n"
    "        jmp     3f\n"
    "2:      mov     512(%rsp), %rcx\n"
    "        jrcxz   3f\n"
    "        jmp     1b\n"
    "3:      .set    i, 0\n"
    "        .irp    r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15\n"
    "        mov     %\\r, 256 + i * 8(%rsp)\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    "        .set    i, 0\n"
    "        .rept   16\n"
    "        mov     i * 8 - 128(%rsp), %rax\n"
    "        mov     %rax, 384 + i * 8(%rsp)\n"
    "        .set    i, i + 1\n"
    "        .endr\n"
    "        pushfq\n"
    "        pop     376(%rsp)\n"
    "        push    $0x202\n"
    "        popfq\n"
    "        mov     536(%rsp), %rdi\n"
    "        mov     520(%rsp), %rax\n"
    "        xor     %edx, %edx\n"
    "        test    %rax, %rax\n"
    "        jz      1f\n"
    "        xsave64 (%rdi)\n"
    "        jmp     2f\n"
    "1:      fxsave64 (%rdi)\n"
    "2:      fninit\n"
    "        push    $0x1f80\n"
    "        ldmxcsr (%rsp)\n"
    "        add     $8, %rsp\n"
    "        mov     544(%rsp), %rsp\n"
    "        .irp    r, r15, r14, r13, r12, rbp, rbx\n"
    "        pop     %\\r\n"
    "        .endr\n"
    "        ret\n"
    "        .globl  abi_spin_end\n"
    "abi_spin_end:\n"

    "        .globl  abi_wait\n"
    "abi_wait:\n"
    "        .cfi_startproc\n"
    "        sub     $40, %rsp\n"
    "        .cfi_adjust_cfa_offset 40\n"
    "1:      cmpq    $0, (%rdi)\n"
    "        jne     1b\n"
    "        add     $40, %rsp\n"
    "        .cfi_adjust_cfa_offset -40\n"
    "        ret\n"
    "        .cfi_endproc\n"
    "        .globl  abi_wait_end\n"
    "abi_wait_end:\n"

    "        .globl  x86_look\n"
    "x86_look:\n"
    "        pushfq\n"
    "        pop     (%rdi)\n"
    "        stmxcsr 8(%rdi)\n"
    "        fnstenv 12(%rdi)\n"
    "        fldcw   12(%rdi)\n" /* fnstenv masks all exceptions */
    "        ret\n"

    "        .globl  x86_destroy\n"
    "x86_destroy:\n"
    X86_DESTROY_BLOCK("%dil")
    "        .irp    n, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "        pcmpeqd %xmm\\n, %xmm\\n\n"
    "        .endr\n"
    "        testb   $0x80, %dil\n"
    "        jz      1f\n"
    "        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
    "        vpternlogd $255, %zmm\\n, %zmm\\n, %zmm\\n\n"
    "        .endr\n"
    "1:      push    $0x7fbf\n"
    "        ldmxcsr (%rsp)\n"
    "        movl    $0xc7f, (%rsp)\n"
    "        fldcw   (%rsp)\n"
    "        pop     %rax\n"
    "        .irp    r, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11\n"
    "        mov     $0x55aa55aa, %\\r\n"
    "        .endr\n"
    "        cmp     $0x7fffffff, %eax\n"
    "        ret\n"
);
/* clang-format on */

#endif
