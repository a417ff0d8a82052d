/* What the tables of CPUs share whose injected call returns through the kernel (src/arch/sigreturn/inject.h): the kernel's frame
 * holds everything, so that a register is saved if it is in one of its parts, the components of the rows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MKPREEMPT_SIGRETURN_H
#define MKPREEMPT_SIGRETURN_H

#include "frame.h"

enum { SIGRETURN_OPS = 12 };

struct sigreturn {
    void (*write_unwind)(struct out *);                   /* where things are, from the stack pointer on */
    void (*write_forget)(struct out *, const char *name); /* --drop: overwrites the register in the kernel's frame */
    /* Instructions, "name operands" each: fresh control words and the call; the frame put right; and the system call that does not
     * return. */
    const char *fresh[SIGRETURN_OPS], *back[SIGRETURN_OPS], *end[SIGRETURN_OPS];
};

void sigreturn_write_preempt(struct out *o, struct frame *f, const struct sigreturn *s);

/* Writes arch_end: `pc` is what unwind information calls the return address, `trap` an instruction that faults. */
void sigreturn_write_end(struct out *o, const char *pc, const char *trap, const char *operands);

#endif
