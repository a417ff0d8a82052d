/* What the tables of amd64 and 386 share: the same routines, with words of different size.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MKPREEMPT_X86_H
#define MKPREEMPT_X86_H

#include "frame.h"

/* The components of XSAVE, plus one, as a row has them. */
enum { X87 = 1, SSE, AVX, BNDREGS, BNDCSR, OPMASK, ZMM_HIGH, ZMM_16, APX = 20 };

/* How a mode of the CPU spells things. Register names are without the %. */
struct x86 {
    int word;
    const char *sp, *bp, *a, *b, *c, *flags; /* b: one that a call keeps; flags: the name of their row */
    const char *pc;                          /* what unwind information calls the return address */
    const char *save, *load;                 /* the registers with arch_switch's arguments */
    const char *push_flags, *pop_flags;
    const char *wide; /* suffix of the instructions that save a block */
    int dwarf_sp;
    int red_zone;
    int callee; /* in arch_preempt's entry record (trap.c): where the callee is; the area is next */
    bool sse_for_sure, fnsave;
    void (*get_arguments)(struct out *); /* puts arch_switch's arguments into save and load */
    /* Puts the address of arch_state into c; told whether unwind information counts from the stack pointer. */
    void (*get_state)(struct out *, bool unwinds_by_sp);
};

void x86_write_switch(struct out *o, struct frame *f, const struct x86 *x);
void x86_write_preempt(struct out *o, struct frame *f, const struct x86 *x);

#endif
