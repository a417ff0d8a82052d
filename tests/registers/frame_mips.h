/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_MIPS_H
#define TESTS_REGISTERS_FRAME_MIPS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "arch/abi.h"

#define TRAP_WORD 0x0000000du /* break */
typedef uint32_t trap_word;

struct registers {
    uint32_t r[32]; /* r[0] is the pc */
    uint32_t hi, lo, more[7], fcsr;
    uint64_t f[32];
};

/* An emulator does not put the control word of floating point there: it is as the interrupted code has it. The kernel's registers
 * are its own. */
static void registers_take(struct registers *s, const ucontext_t *u)
{
    const mcontext_t *c = &u->uc_mcontext;
    const uint32_t more[] = {c->hi1, c->lo1, c->hi2, c->lo2, c->hi3, c->lo3, c->dsp};

    for (int i = 1; i < 32; i++)
        s->r[i] = i == 26 || i == 27 ? 0 : (uint32_t)c->gregs[i];
    s->r[0] = (uint32_t)c->pc;
    s->hi = (uint32_t)c->mdhi;
    s->lo = (uint32_t)c->mdlo;
    s->fcsr = mips_control();
    if (mips_dsp())
        memcpy(s->more, more, sizeof more);
    memcpy(s->f, &c->fpregs, sizeof s->f);
    for (int i = 1; i < 32 && !mips_fr(); i += 2)
        s->f[i] = 0;
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];

    if (before->r[0] != after->r[0])
        return "pc";
    for (int i = 1; i < 32; i++)
        if (before->r[i] != after->r[i])
            return snprintf(text, sizeof text, "$%d was %#x, is %#x", i, before->r[i], after->r[i]), text;
    if (before->hi != after->hi || before->lo != after->lo)
        return before->hi != after->hi ? "hi" : "lo";
    for (int i = 0; i < 7; i++)
        if (before->more[i] != after->more[i])
            return snprintf(text, sizeof text, "%s%d", i == 6 ? "DSP's control " : i % 2 ? "lo" : "hi", i / 2 + 1), text;
    for (int i = 0; i < 32; i++)
        if (before->f[i] != after->f[i])
            return snprintf(text, sizeof text, "f%d was %#llx, is %#llx", i, (unsigned long long)before->f[i],
                            (unsigned long long)after->f[i]),
                   text;
    if (before->fcsr != after->fcsr)
        return snprintf(text, sizeof text, "fcsr was %#x, is %#x", before->fcsr, after->fcsr), text;
    return NULL;
}

#endif
