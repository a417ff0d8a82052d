/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_MIPS64_H
#define TESTS_REGISTERS_FRAME_MIPS64_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_WORD 0x0000000du /* break */
typedef uint32_t trap_word;

struct registers {
    uint64_t pc, r[32], f[32], hi[4], lo[4], dsp, fcsr;
};

/* The kernel's own registers may change at any instruction. */
static void registers_take(struct registers *s, const ucontext_t *u)
{
    const mcontext_t *m = &u->uc_mcontext;

    s->pc = m->pc;
    memcpy(s->r, m->gregs, sizeof s->r);
    s->r[26] = s->r[27] = 0;
    memcpy(s->f, &m->fpregs, sizeof s->f);
    s->hi[0] = m->mdhi;
    s->lo[0] = m->mdlo;
    __asm__ volatile("cfc1 %0, $31" : "=r"(s->fcsr)); /* a handler has the interrupted code's */
    if (!mips64_has_dsp())
        return;
    memcpy(s->hi + 1, &m->hi1, 24);
    memcpy(s->lo + 1, &m->lo1, 24);
    s->dsp = m->dsp;
}

static const char *words_difference(const char *name, const uint64_t *before, const uint64_t *after, int count)
{
    static char text[100];

    for (int i = 0; i < count; i++)
        if (before[i] != after[i])
            return snprintf(text, sizeof text, "%s%d was %#lx, is %#lx", name, i, before[i], after[i]), text;
    return NULL;
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    const char *what = words_difference("pc", &before->pc, &after->pc, 1);

    what = what ? what : words_difference("r", before->r, after->r, 32);
    what = what ? what : words_difference("f", before->f, after->f, 32);
    what = what ? what : words_difference("hi", before->hi, after->hi, 4);
    what = what ? what : words_difference("lo", before->lo, after->lo, 4);
    what = what ? what : words_difference("dsp", &before->dsp, &after->dsp, 1);
    return what ? what : words_difference("fcsr", &before->fcsr, &after->fcsr, 1);
}

#endif
