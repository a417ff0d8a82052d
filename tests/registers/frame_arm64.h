/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_ARM64_H
#define TESTS_REGISTERS_FRAME_ARM64_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_WORD 0xd4200000u /* brk #0 */
typedef uint32_t trap_word;

/* Bytes of the kernel's frame at the widest vectors, and what else it has. */
enum { STATE_MOST = 20000 };

struct registers {
    uint64_t x[31], sp, pc, pstate;
    uint32_t sizes[2];
    uint8_t fpsimd[528], sve[STATE_MOST];
};

/* The first record of a kind; the ones that do not fit into the frame lie behind it. */
static const uint32_t *frame_record(const ucontext_t *u, uint32_t kind)
{
    const uint32_t *r = (const uint32_t *)((const char *)u + 176 + 288);
    const uint32_t *extra = NULL;

    while (r[0] != kind) {
        if (r[0] == 0x45585401)
            extra = r;
        if (r[0] == 0 && !extra)
            return NULL;
        if (r[0] == 0) {
            uint64_t at;
            memcpy(&at, extra + 2, sizeof at);
            r = (const uint32_t *)at;
            extra = NULL;
        } else {
            r = (const uint32_t *)((const char *)r + r[1]);
        }
    }
    return r;
}

static void keep_record(const ucontext_t *u, uint32_t kind, void *to, uint32_t *size, size_t most)
{
    const uint32_t *r = frame_record(u, kind);

    *size = r && r[1] <= most ? r[1] : 0;
    if (r)
        memcpy(to, r, *size);
}

static void registers_take(struct registers *s, const ucontext_t *u)
{
    memcpy(s->x, u->uc_mcontext.regs, sizeof s->x);
    s->sp = u->uc_mcontext.sp;
    s->pc = u->uc_mcontext.pc;
    s->pstate = u->uc_mcontext.pstate;
    keep_record(u, 0x46508001, s->fpsimd, &s->sizes[0], sizeof s->fpsimd);
    keep_record(u, 0x53564501, s->sve, &s->sizes[1], sizeof s->sve);
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];

    for (int i = 0; i < 31; i++)
        if (before->x[i] != after->x[i])
            return snprintf(text, sizeof text, "x%d was %#lx, is %#lx", i, before->x[i], after->x[i]), text;
    if (before->sp != after->sp || before->pc != after->pc)
        return before->sp != after->sp ? "sp" : "pc";
    if (before->pstate != after->pstate)
        return snprintf(text, sizeof text, "the flags were %#lx, are %#lx", before->pstate, after->pstate), text;
    if (before->sizes[0] != after->sizes[0] || before->sizes[1] != after->sizes[1])
        return "the kinds of state in use";
    if (memcmp(before->fpsimd + 8, after->fpsimd + 8, 8))
        return memcmp(before->fpsimd + 8, after->fpsimd + 8, 4) ? "fpsr" : "fpcr";
    for (int i = 0; i < 32; i++)
        if (memcmp(before->fpsimd + 16 + 16 * i, after->fpsimd + 16 + 16 * i, 16))
            return snprintf(text, sizeof text, "v%d", i), text;
    return memcmp(before->sve, after->sve, before->sizes[1]) ? "SVE's registers" : NULL;
}

#endif
