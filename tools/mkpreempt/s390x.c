/* The registers of s390x, ELF ABI.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* z/Architecture Principles of Operation (SA22-7832), chapters 2 to 5; what user code can hold. f0 to f15 are the upper halves of
 * v0 to v15. cc, pm, asc and ri are parts of the PSW: condition code, program mask, address space, runtime instrumentation. */
static const char file[] = "r0-r15 pc cc pm asc ri amode a0-a15 v0-v31 fpc "
                           "transaction gsd gssm gsepla bear tod cpu_timer todpr cr0-cr15";

/* The components are the parts of the kernel's frame. */
enum { REGISTERS = 1, FLOATS, VECTORS };

#define KEPT_R(n)                                                                                                                  \
    {                                                                                                                              \
        "r" #n, 8, KEPT, NULL, 0                                                                                                   \
    }
#define SPILLED_R(n)                                                                                                               \
    {                                                                                                                              \
        "r" #n, 8, SPILLED, NULL, REGISTERS                                                                                        \
    }
#define SPILLED_A(n)                                                                                                               \
    {                                                                                                                              \
        "a" #n, 4, SPILLED, NULL, REGISTERS                                                                                        \
    }
#define BOTH_V(n)                                                                                                                  \
    {                                                                                                                              \
        "v" #n, 8, BOTH, NULL, FLOATS                                                                                              \
    } /* a call keeps the upper half */
#define SPILLED_V(n)                                                                                                               \
    {                                                                                                                              \
        "v" #n, 16, SPILLED, NULL, VECTORS                                                                                         \
    }

static const struct row rows[] = {
    KEPT_R(6),
    KEPT_R(7),
    KEPT_R(8),
    KEPT_R(9),
    KEPT_R(10),
    KEPT_R(11),
    KEPT_R(12),
    KEPT_R(13),
    {"r14", 8, BOTH, NULL, REGISTERS},
    BOTH_V(8),
    BOTH_V(9),
    BOTH_V(10),
    BOTH_V(11),
    BOTH_V(12),
    BOTH_V(13),
    BOTH_V(14),
    BOTH_V(15),
    {"fpc", 4, BOTH, NULL, FLOATS},
    {"pm", 4, BOTH, NULL, REGISTERS},

    SPILLED_R(0),
    SPILLED_R(1),
    SPILLED_R(2),
    SPILLED_R(3),
    SPILLED_R(4),
    SPILLED_R(5),
    {"cc", 4, SPILLED, NULL, REGISTERS},
    SPILLED_A(2),
    SPILLED_A(3),
    SPILLED_A(4),
    SPILLED_A(5),
    SPILLED_A(6),
    SPILLED_A(7),
    SPILLED_A(8),
    SPILLED_A(9),
    SPILLED_A(10),
    SPILLED_A(11),
    SPILLED_A(12),
    SPILLED_A(13),
    SPILLED_A(14),
    SPILLED_A(15),
    SPILLED_V(0),
    SPILLED_V(1),
    SPILLED_V(2),
    SPILLED_V(3),
    SPILLED_V(4),
    SPILLED_V(5),
    SPILLED_V(6),
    SPILLED_V(7),
    SPILLED_V(16),
    SPILLED_V(17),
    SPILLED_V(18),
    SPILLED_V(19),
    SPILLED_V(20),
    SPILLED_V(21),
    SPILLED_V(22),
    SPILLED_V(23),
    SPILLED_V(24),
    SPILLED_V(25),
    SPILLED_V(26),
    SPILLED_V(27),
    SPILLED_V(28),
    SPILLED_V(29),
    SPILLED_V(30),
    SPILLED_V(31),

    {"r15 pc", 8, FIXED, "the context, and the entry record", 0},
    {"a0 a1", 4, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"asc", 1, FIXED, "in the kernel's frame, with the mask; no compiler changes it, and a call begins in the primary space", 0},
    {"ri gsd gssm gsepla", 8, FIXED, "a collector's or a profiler's, who have asked the kernel for them for this thread", 0},
    {"amode", 1, FIXED, "the same in every program of 64 bits", 0},
    {"transaction", 8, FIXED, "an interrupt ends it, and puts back what was there when it began", 0},
    {"bear tod cpu_timer", 8, FIXED, "can only be read", 0},
    {"todpr", 4, FIXED, "not for user code", 0},
    {"cr0-cr15", 8, FIXED, "not for user code", 0},
    {0},
};

/* ---- arch_switch ---- */

/* Below the caller's stack pointer, and above it: the caller's save area. */
enum { BELOW = 80, FPC_AT = 64, PM_AT = 68, PC_AT = 72, FIRST_R = 6, LAST_R = 15, SAVED_AT = 48, CFA = 160 };

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

static const struct row *numbered_row(const struct frame *f, char kind, int n)
{
    char name[8];
    snprintf(name, sizeof(name), "%c%d", kind, n);
    return find_row(f, name);
}

static void move_range(struct out *o, const char *op, int from, int to, int base)
{
    if (from <= to)
        out_op(o, op, "%%r%d, %%r%d, %d(%%r15)", from, to, base + SAVED_AT + 8 * (from - FIRST_R));
}

/* All at once, or, for --drop, what comes before and behind the one that is left out. The stack pointer is no row. */
static void move_registers(struct out *o, struct frame *f, const char *op, int base)
{
    int from = FIRST_R;
    for (int n = FIRST_R; n < LAST_R; n++) {
        const struct row *row = numbered_row(f, 'r', n);
        frame_place(f, row);
        if (!frame_drops(f, row))
            continue;
        move_range(o, op, from, n - 1, base);
        from = n + 1;
    }
    move_range(o, op, from, LAST_R, base);
}

static void move_floats(struct out *o, struct frame *f, const char *op, bool save)
{
    for (int n = 8; n < 16; n++) {
        const struct row *row = numbered_row(f, 'v', n);
        frame_place(f, row);
        if (!frame_drops(f, row))
            out_op(o, op, "%%f%d, %d(%%r15)", n, 8 * (n - 8));
        if (save)
            out_op(o, ".cfi_rel_offset", "%%f%d, %d", n, 8 * (n - 8));
    }
}

static void switch_save(struct out *o, struct frame *f)
{
    move_registers(o, f, "stmg", 0);
    for (int n = FIRST_R; n <= LAST_R; n++)
        out_op(o, ".cfi_offset", "%%r%d, %d", n, SAVED_AT + 8 * (n - FIRST_R) - CFA);
    out_op(o, "aghi", "%%r15, -%d", BELOW);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", BELOW);
    move_floats(o, f, "std", true);
    out_op(o, "efpc", "%%r4");
    out_op(o, "lghi", "%%r5, 0");
    out_op(o, "ipm", "%%r5");
    out_op(o, "nilh", "%%r5, 0x0f00");
    out_op(o, "stm", "%%r4, %%r5, %d(%%r15)", FPC_AT);
    if (!frame_drops(f, find_row(f, "r14")))
        out_op(o, "stg", "%%r14, %d(%%r15)", PC_AT);
    out_op(o, "stg", "%%r15, 0(%%r2)");
}

static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "lgr", "%%r15, %%r3");
    out_op(o, "c", "%%r4, %d(%%r15)", FPC_AT);
    out_op(o, "jne", "2f");
    out_text(o, "1:");
    out_op(o, "c", "%%r5, %d(%%r15)", PM_AT);
    out_op(o, "jne", "4f");
    out_text(o, "3:\n");
    out_op(o, ".cfi_remember_state", "%s", "");
    move_floats(o, f, "ld", false);
    out_op(o, "lg", "%%r1, %d(%%r15)", PC_AT);
    move_registers(o, f, "lmg", BELOW);
    for (int n = FIRST_R; n <= LAST_R; n++)
        out_op(o, ".cfi_restore", "%%r%d", n);
    for (int n = 8; n < 16; n++)
        out_op(o, ".cfi_restore", "%%f%d", n);
    out_op(o, ".cfi_adjust_cfa_offset", "-%d", BELOW);
    out_op(o, "br", "%%r1");
    out_op(o, ".cfi_restore_state", "%s", "");
    out_text(o, "2:");
    if (!frame_drops(f, find_row(f, "fpc")))
        out_op(o, "lfpc", "%d(%%r15)", FPC_AT);
    out_op(o, "j", "1b");
    out_text(o, "4:");
    out_op(o, "l", "%%r5, %d(%%r15)", PM_AT);
    if (!frame_drops(f, find_row(f, "pm")))
        out_op(o, "spm", "%%r5");
    out_op(o, "j", "3b");
}

/* The control words hardly ever differ, and loading them costs more than comparing. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: r2, void *load: r3). The stack that it leaves is struct context in context.c; of "
                "that the\n"
                " * upper part is the save area of its caller, where every function puts what a call keeps.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    frame_place(f, find_row(f, "fpc"));
    frame_place(f, find_row(f, "pm"));
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "%r14", ".short", "0");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on; and in the record over the information on the signal. */
enum { MASK_AT = 336, R_AT = 352, A_AT = 480, FPC_OF_FRAME = 544, F_AT = 552, LOW_AT = 808, V16_AT = 936 };
enum { RECORD_AT = 168, CALLEE_AT = RECORD_AT + 8, SP_AT = RECORD_AT + 16, FP_AT = RECORD_AT + 24, PC_OF_RECORD = RECORD_AT + 112 };

/* 32 is the number that the unwinders' own reading of the kernel's frame gives the pc. */
static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "32");
    out_op(o, ".cfi_def_cfa", "%%r15, %d", CFA);
    out_op(o, ".cfi_offset", "32, %d", PC_OF_RECORD - CFA);
    for (int n = 0; n < 16; n++)
        out_op(o, ".cfi_offset", "%%r%d, %d", n, (n == 15 ? SP_AT : n == 11 ? FP_AT : R_AT + 8 * n) - CFA);
    for (int n = 0; n < 16; n++)
        out_op(o, ".cfi_offset", "%%f%d, %d", n, F_AT + 8 * n - CFA);
}

/* Both halves of the lower ones are in different parts of the frame. */
static void forget_vector(struct out *o, int n)
{
    out_op(o, ".machine", "z13");
    if (n < 16) {
        out_op(o, "std", "%%f%d, %d(%%r15)", n, F_AT + 8 * n);
        out_op(o, "vsteg", "%%v%d, %d(%%r15), 1", n, LOW_AT + 8 * n);
    } else {
        out_op(o, "vst", "%%v%d, %d(%%r15)", n, V16_AT + 16 * (n - 16));
    }
}

/* For --drop: what nobody has saved is what the callee left. */
static void write_forget(struct out *o, const char *name)
{
    int n = atoi(name + 1);
    if (!strcmp(name, "fpc")) {
        out_op(o, "stfpc", "%d(%%r15)", FPC_OF_FRAME);
    } else if (!strcmp(name, "cc") || !strcmp(name, "pm")) {
        out_op(o, "lg", "%%r1, %d(%%r15)", MASK_AT);
        out_op(o, "nihl", "%%r1, %s", *name == 'c' ? "0xcfff" : "0xf0ff");
        out_op(o, "stg", "%%r1, %d(%%r15)", MASK_AT);
    } else if (*name == 'r') {
        out_op(o, "stg", "%%r%d, %d(%%r15)", n, R_AT + 8 * n);
    } else if (*name == 'a') {
        out_op(o, "stam", "%%a%d, %%a%d, %d(%%r15)", n, n, A_AT + 4 * n);
    } else {
        forget_vector(o, n);
    }
}

/* The call of the kernel is 173, rt_sigreturn. */
static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"lghi %r0, 0", "sfpc %r0", "lg %r1, 176(%r15)", "basr %r14, %r1", NULL},
    .back = {"lgr %r2, %r15", "brasl %r14, arch_uninject", NULL},
    .end = {"svc 173", ".short 0", NULL},
};
_Static_assert(CALLEE_AT == 176, "fresh");

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_s390x = {"s390x", file, rows, write_switch, write_preempt};
