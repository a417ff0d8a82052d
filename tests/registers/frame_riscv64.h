/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_RISCV64_H
#define TESTS_REGISTERS_FRAME_RISCV64_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_WORD        0x9002u /* c.ebreak: what it replaces may have two bytes or four */
#define TRAP_WORDS(word) (((word)&3) == 3 ? 2 : 1)
typedef uint16_t trap_word;

/* Bytes of the record of vector registers, which the kernel's frame has behind the others: a head, 48 bytes of control words, and
 * these, of 256 bytes at most. */
enum { VECTORS_MOST = 8 + 48 + 32 * 256, VECTORS_MAGIC = 0x53465457 };

struct registers {
    uint64_t x[32]; /* x[0] is the pc */
    uint64_t f[32];
    uint32_t fcsr, size;
    uint8_t vectors[VECTORS_MOST];
};

/* The frame lies below the stack pointer that it has; an emulator's ends before that record. */
static void take_vectors(struct registers *s, const ucontext_t *u)
{
    const uint32_t *record = (const uint32_t *)(u + 1) - 2;

    if (s->x[2] - (uintptr_t)u < sizeof *u || record[0] != VECTORS_MAGIC || record[1] > sizeof s->vectors)
        return;
    s->size = record[1];
    memcpy(s->vectors, record, s->size);
    memset(s->vectors + 8 + 32, 0, 16); /* the width, and where the registers are */
}

static void registers_take(struct registers *s, const ucontext_t *u)
{
    memcpy(s->x, u->uc_mcontext.__gregs, sizeof s->x);
    memcpy(s->f, u->uc_mcontext.__fpregs.__d.__f, sizeof s->f);
    s->fcsr = u->uc_mcontext.__fpregs.__d.__fcsr;
    take_vectors(s, u);
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];

    if (before->x[0] != after->x[0])
        return "pc";
    for (int i = 1; i < 32; i++)
        if (before->x[i] != after->x[i])
            return snprintf(text, sizeof text, "x%d was %#lx, is %#lx", i, before->x[i], after->x[i]), text;
    for (int i = 0; i < 32; i++)
        if (before->f[i] != after->f[i])
            return snprintf(text, sizeof text, "f%d was %#lx, is %#lx", i, before->f[i], after->f[i]), text;
    if (before->fcsr != after->fcsr)
        return snprintf(text, sizeof text, "fcsr was %#x, is %#x", before->fcsr, after->fcsr), text;
    if (before->size != after->size)
        return "the kinds of state in use";
    return memcmp(before->vectors, after->vectors, before->size) ? "vector registers" : NULL;
}

#endif
