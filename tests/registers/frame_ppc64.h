/* Everything that the code under test can see in the CPU, as the frame of its trap has it, and what no frame has; and how its
 * instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_PPC64_H
#define TESTS_REGISTERS_FRAME_PPC64_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include "arch/ppc64/state.h"

#define TRAP_WORD 0x7fe00008u /* trap */
typedef uint32_t trap_word;

enum { AT_PC = 32, AT_MSR = 33, AT_CTR = 35, AT_LR, AT_XER, AT_CR, AT_END };

struct registers {
    uint64_t r[AT_END], f[33], v[32][2], halves[32], tar;
    uint32_t vrsave, vscr;
};

/* The handler has changed neither TAR nor VSCR yet. */
static void registers_take(struct registers *s, const ucontext_t *u)
{
    const char *vectors = (const char *)u->uc_mcontext.v_regs;

    memcpy(s->r, u->uc_mcontext.gp_regs, sizeof s->r);
    s->r[AT_PC + 2] = 0; /* the kernel's */
    memcpy(s->f, u->uc_mcontext.fp_regs, sizeof s->f);
    memcpy(s->v, vectors, sizeof s->v);
    memcpy(&s->vrsave, vectors + 33 * 16, sizeof s->vrsave);
    memcpy(s->halves, vectors + 34 * 16, sizeof s->halves);
    s->tar = ppc64_tar();
    s->vscr = ppc64_vscr();
}

static const char *name_of(int i)
{
    static const char *const special[] = {"pc", "msr", "", "ctr", "lr", "xer", "cr"};
    static char name[8];

    if (i >= AT_PC)
        return special[i - AT_PC];
    snprintf(name, sizeof name, "r%d", i);
    return name;
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];

    for (int i = 0; i < AT_END; i++)
        if (before->r[i] != after->r[i])
            return snprintf(text, sizeof text, "%s was %#lx, is %#lx", name_of(i), before->r[i], after->r[i]), text;
    for (int i = 0; i < 33; i++)
        if (before->f[i] != after->f[i])
            return snprintf(text, sizeof text, i < 32 ? "f%d" : "fpscr", i), text;
    for (int i = 0; i < 32; i++)
        if (memcmp(before->v[i], after->v[i], 16))
            return snprintf(text, sizeof text, "v%d", i), text;
    for (int i = 0; i < 32; i++)
        if (before->halves[i] != after->halves[i])
            return snprintf(text, sizeof text, "the second half of vs%d", i), text;
    if (before->vrsave != after->vrsave || before->vscr != after->vscr)
        return before->vscr != after->vscr ? "vscr" : "vrsave";
    return before->tar != after->tar ? "tar" : NULL;
}

#endif
