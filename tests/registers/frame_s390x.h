/* Everything that the code under test can see in the CPU, as the frame of its trap has it; and how its instructions become traps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_FRAME_S390X_H
#define TESTS_REGISTERS_FRAME_S390X_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

/* An instruction has one to three words, as its first two bits tell. One that is none sends SIGILL, with the pc behind it. */
typedef uint16_t trap_word;
#define TRAP_WORD        0x0001u
#define TRAP_SIGNAL      SIGILL
#define TRAP_BEHIND      2
#define TRAP_WORDS(word) ((word) >> 14 == 0 ? 1u : (word) >> 14 == 3 ? 3u : 2u)

/* What libc does not know of the frame: the halves and registers of vectors that are not floating point's. */
struct registers_of_vectors {
    uint64_t lower[16], upper[16][2];
};

struct registers {
    mcontext_t machine;
    unsigned long flags; /* which of these there are */
    struct registers_of_vectors vectors;
};

static void registers_take(struct registers *s, const ucontext_t *u)
{
    s->machine = u->uc_mcontext;
    s->flags = u->uc_flags;
    if (u->uc_flags & 2)
        memcpy(&s->vectors, (const char *)u + 512, sizeof s->vectors);
}

static const char *vector_difference(const struct registers *before, const struct registers *after)
{
    static char text[40];

    for (int i = 0; i < 16; i++)
        if (memcmp(&before->machine.fpregs.fprs[i], &after->machine.fpregs.fprs[i], 8))
            return snprintf(text, sizeof text, "f%d", i), text;
    for (int i = 0; i < 16; i++)
        if (before->vectors.lower[i] != after->vectors.lower[i])
            return snprintf(text, sizeof text, "the lower half of v%d", i), text;
    for (int i = 0; i < 16; i++)
        if (memcmp(before->vectors.upper[i], after->vectors.upper[i], 16))
            return snprintf(text, sizeof text, "v%d", 16 + i), text;
    return NULL;
}

/* The name of something that differs, or NULL. */
static const char *registers_difference(const struct registers *before, const struct registers *after)
{
    static char text[100];
    const mcontext_t *b = &before->machine, *a = &after->machine;

    for (int i = 0; i < 16; i++)
        if (b->gregs[i] != a->gregs[i])
            return snprintf(text, sizeof text, "r%d was %#lx, is %#lx", i, b->gregs[i], a->gregs[i]), text;
    for (int i = 0; i < 16; i++)
        if (b->aregs[i] != a->aregs[i])
            return snprintf(text, sizeof text, "a%d was %#x, is %#x", i, b->aregs[i], a->aregs[i]), text;
    if (b->psw.addr != a->psw.addr)
        return "pc";
    if (b->psw.mask != a->psw.mask)
        return snprintf(text, sizeof text, "the mask was %#lx, is %#lx", b->psw.mask, a->psw.mask), text;
    if (b->fpregs.fpc != a->fpregs.fpc)
        return snprintf(text, sizeof text, "fpc was %#x, is %#x", b->fpregs.fpc, a->fpregs.fpc), text;
    return before->flags != after->flags ? "the kinds of state in use" : vector_difference(before, after);
}

#endif
