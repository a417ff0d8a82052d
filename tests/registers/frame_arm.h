/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_ARM_H
#define TESTS_REGISTERS_FRAME_ARM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

/* Thumb instructions have one or two of these words, ARM's two. The trap of Thumb code is none of those that a block of conditional
 * instructions can skip; so in such a block also what is not to be done is looked at. */
typedef uint16_t trap_word;
enum { TRAP_OF_THUMB = 0xbe00, TRAP_OF_ARM = (int)0xe1200070 /* bkpt #0 */ };

static bool trap_thumb; /* the function in hand is Thumb code */

static inline trap_word *trap_code(void (*run)(void *))
{
    trap_thumb = (uintptr_t)run & 1;
    return (trap_word *)((uintptr_t)run & ~(uintptr_t)1);
}

#define TRAP_CODE(run)    trap_code(run)
#define TRAP_AT(i)        (trap_word)(trap_thumb ? TRAP_OF_THUMB : (uint32_t)TRAP_OF_ARM >> ((i) % 2 * 16))
#define TRAP_WORDS(first) (trap_thumb && (first) < 0xe800 ? 1u : 2u)

struct registers {
    unsigned long core[17], fpscr; /* the last of core is the CPSR */
    uint64_t d[32];
};

enum { SP = 13, PC = 15, CPSR };

/* The FPU's part of the kernel's frame comes first, unless there is iWMMXt. */
static void registers_take(struct registers *s, const ucontext_t *u)
{
    struct {
        uint32_t kind, size;
        uint64_t d[32];
        uint32_t fpscr;
    } vfp;

    memcpy(s->core, &u->uc_mcontext.arm_r0, sizeof s->core);
    memcpy(&vfp, u->uc_regspace, sizeof vfp);
    if (vfp.kind != 0x56465001)
        return;
    memcpy(s->d, vfp.d, sizeof s->d);
    s->fpscr = vfp.fpscr;
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];

    for (int i = 0; i <= PC; i++)
        if (before->core[i] != after->core[i])
            return snprintf(text, sizeof text, "r%d was %#lx, is %#lx", i, before->core[i], after->core[i]), text;
    if (before->core[CPSR] != after->core[CPSR])
        return snprintf(text, sizeof text, "the flags were %#lx, are %#lx", before->core[CPSR], after->core[CPSR]), text;
    if (before->fpscr != after->fpscr)
        return snprintf(text, sizeof text, "fpscr was %#lx, is %#lx", before->fpscr, after->fpscr), text;
    for (int i = 0; i < 32; i++)
        if (before->d[i] != after->d[i])
            return snprintf(text, sizeof text, "d%d", i), text;
    return NULL;
}

#endif
