/* What a CPU tells the generator: its whole register file, and what becomes of each register.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MKPREEMPT_TABLE_H
#define MKPREEMPT_TABLE_H

#include "out.h"

/* What the ABI says a call does to a register decides which routine saves it. */
enum fate {
    KEPT,    /* a call keeps it: arch_switch saves it; arch_preempt makes a call, and needs not */
    SPILLED, /* a call may destroy it: arch_preempt saves it */
    BOTH,    /* a call keeps a part of it: arch_switch saves that part, arch_preempt all */
    FIXED,   /* nobody saves it; `why` says why that is right */
};

/* One row of a table: one register, or several that share their fate ("st0-st7 x87_tag"). */
struct row {
    const char *names;
    unsigned bytes; /* of each */
    enum fate fate;
    const char *why;    /* of FIXED */
    unsigned component; /* of a register that a block instruction saves: its component there, plus one; 0: saved by itself */
};

struct frame;

struct cpu {
    const char *name; /* of its folder in src/arch */
    /* The register file as the architecture's manual has it: the other list, against which the rows are proved complete. */
    const char *file;
    const struct row *rows; /* in the order in which they are saved; ends with an empty one */
    void (*write_switch)(struct out *, struct frame *);
    void (*write_preempt)(struct out *, struct frame *);
};

extern const struct cpu cpu_386, cpu_amd64, cpu_arm, cpu_arm64, cpu_mips, cpu_mips64, cpu_ppc64, cpu_riscv64, cpu_s390x;

#endif
