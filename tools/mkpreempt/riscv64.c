/* The registers of riscv64 by the names of its psABI, LP64D.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* The RISC-V ISA manual, volume I, with the extensions that have been ratified: what user code can hold. ra to a7 are x1 to x31,
 * ft0 to fa7 are f0 to f31; fcsr is frm and fflags, vcsr is vxrm and vxsat. */
static const char file[] = "ra sp gp tp t0-t6 s0-s11 a0-a7 pc "
                           "ft0-ft11 fs0-fs11 fa0-fa7 fcsr "
                           "v0-v31 vstart vl vtype vcsr vlenb "
                           "reservation ssp elp jvt seed cycle time instret hpmcounter3-hpmcounter31";

/* The components are the parts of the kernel's frame. */
enum { REGISTERS = 1, FLOATS, VECTORS };

#define KEPT_8(name)                                                                                                               \
    {                                                                                                                              \
        name, 8, KEPT, NULL, 0                                                                                                     \
    }
#define SPILLED_8(name, component)                                                                                                 \
    {                                                                                                                              \
        name, 8, SPILLED, NULL, component                                                                                          \
    }

static const struct row rows[] = {
    KEPT_8("s0"),
    KEPT_8("s1"),
    KEPT_8("s2"),
    KEPT_8("s3"),
    KEPT_8("s4"),
    KEPT_8("s5"),
    KEPT_8("s6"),
    KEPT_8("s7"),
    KEPT_8("s8"),
    KEPT_8("s9"),
    KEPT_8("s10"),
    KEPT_8("s11"),
    KEPT_8("fs0"),
    KEPT_8("fs1"),
    KEPT_8("fs2"),
    KEPT_8("fs3"),
    KEPT_8("fs4"),
    KEPT_8("fs5"),
    KEPT_8("fs6"),
    KEPT_8("fs7"),
    KEPT_8("fs8"),
    KEPT_8("fs9"),
    KEPT_8("fs10"),
    KEPT_8("fs11"),
    {"fcsr", 4, BOTH, NULL, FLOATS},
    {"ra", 8, BOTH, NULL, REGISTERS},

    SPILLED_8("t0", REGISTERS),
    SPILLED_8("t1", REGISTERS),
    SPILLED_8("t2", REGISTERS),
    SPILLED_8("t3", REGISTERS),
    SPILLED_8("t4", REGISTERS),
    SPILLED_8("t5", REGISTERS),
    SPILLED_8("t6", REGISTERS),
    SPILLED_8("a0", REGISTERS),
    SPILLED_8("a1", REGISTERS),
    SPILLED_8("a2", REGISTERS),
    SPILLED_8("a3", REGISTERS),
    SPILLED_8("a4", REGISTERS),
    SPILLED_8("a5", REGISTERS),
    SPILLED_8("a6", REGISTERS),
    SPILLED_8("a7", REGISTERS),
    SPILLED_8("ft0", FLOATS),
    SPILLED_8("ft1", FLOATS),
    SPILLED_8("ft2", FLOATS),
    SPILLED_8("ft3", FLOATS),
    SPILLED_8("ft4", FLOATS),
    SPILLED_8("ft5", FLOATS),
    SPILLED_8("ft6", FLOATS),
    SPILLED_8("ft7", FLOATS),
    SPILLED_8("ft8", FLOATS),
    SPILLED_8("ft9", FLOATS),
    SPILLED_8("ft10", FLOATS),
    SPILLED_8("ft11", FLOATS),
    SPILLED_8("fa0", FLOATS),
    SPILLED_8("fa1", FLOATS),
    SPILLED_8("fa2", FLOATS),
    SPILLED_8("fa3", FLOATS),
    SPILLED_8("fa4", FLOATS),
    SPILLED_8("fa5", FLOATS),
    SPILLED_8("fa6", FLOATS),
    SPILLED_8("fa7", FLOATS),
    {"v0-v31", 8192, SPILLED, NULL, VECTORS},
    SPILLED_8("vstart", VECTORS),
    SPILLED_8("vl", VECTORS),
    SPILLED_8("vtype", VECTORS),
    SPILLED_8("vcsr", VECTORS),

    {"sp pc", 8, FIXED, "the context, and the entry record", 0},
    {"gp", 8, FIXED, "the program's: nothing changes it once that has started", 0},
    {"tp", 8, FIXED, "the thread's identity, which the scheduler hands over; in a frame arch_frame_adopt sets it", 0},
    {"reservation", 8, FIXED, "of a pair of load and store conditional, which begins anew; any trap may take it away", 0},
    {"ssp", 8, FIXED, "a program with shadow stacks is not one that links this: its assembly is not marked for them", 0},
    {"elp", 1, FIXED, "on with landing pads only, for which assembly must be marked too", 0},
    {"jvt", 8, FIXED, "of cores without compressed instructions for double precision, which LP64D is not for", 0},
    {"seed vlenb cycle time instret hpmcounter3-hpmcounter31", 8, FIXED, "nothing that code holds: they can only be read", 0},
    {0},
};

/* ---- arch_switch ---- */

enum { CONTEXT = 224, FLOATS_AT = 96, FCSR_AT = 192, PC_AT = 200, LINK_AT = 208, KEPT_EACH = 12 };

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

/* The integer and the floating-point registers that a call keeps are the first rows, and lie in the context in that order. */
static void move_kept(struct out *o, const struct frame *f, bool load)
{
    for (int i = 0; i < 2 * KEPT_EACH; i++) {
        const struct row *row = &f->cpu->rows[i];
        bool is_float = row->names[0] == 'f';
        const char *op = is_float ? (load ? "fld" : "fsd") : load ? "ld" : "sd";
        if (!frame_drops(f, row))
            out_op(o, op, "%s, %d(sp)", row->names, 8 * i);
        if (!load)
            out_op(o, ".cfi_rel_offset", "%s, %d", row->names, 8 * i);
    }
}

static void switch_save(struct out *o, struct frame *f)
{
    bool drops_link = frame_drops(f, find_row(f, "ra"));

    out_op(o, "addi", "sp, sp, -%d", CONTEXT);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", CONTEXT);
    move_kept(o, f, false);
    out_op(o, "frcsr", "t0");
    out_op(o, "sw", "t0, %d(sp)", FCSR_AT);
    out_op(o, "sd", "%s, %d(sp)", drops_link ? "zero" : "ra", PC_AT);
    out_op(o, "sd", "%s, %d(sp)", drops_link ? "zero" : "ra", LINK_AT);
    out_op(o, ".cfi_rel_offset", "ra, %d", LINK_AT);
    out_op(o, "sd", "sp, 0(a0)");
}

static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "mv", "sp, a1");
    out_op(o, "lw", "t1, %d(sp)", FCSR_AT);
    if (!frame_drops(f, find_row(f, "fcsr"))) {
        out_op(o, "beq", "t0, t1, 1f");
        out_op(o, "fscsr", "t1");
    }
    out_text(o, "1:\n");
    move_kept(o, f, true);
    out_op(o, "ld", "ra, %d(sp)", LINK_AT);
    out_op(o, "ld", "t0, %d(sp)", PC_AT);
    out_op(o, "addi", "sp, sp, %d", CONTEXT);
    for (int i = 0; i < 2 * KEPT_EACH; i++)
        out_op(o, ".cfi_restore", "%s", f->cpu->rows[i].names);
    out_op(o, ".cfi_restore", "ra");
    out_op(o, ".cfi_adjust_cfa_offset", "-%d", CONTEXT);
    out_op(o, "jr", "t0");
}

/* The control word hardly ever differs, and to load it costs more than to compare. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: a0, void *load: a1). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    for (int i = 0; i < 2 * KEPT_EACH; i++)
        frame_place(f, &f->cpu->rows[i]);
    frame_place(f, find_row(f, "fcsr"));
    frame_place(f, find_row(f, "ra"));
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "ra", "ebreak", "");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on. Where there are vectors, a head, the control words, the width, where the registers
 * are, and these follow upon the rest. */
enum { X_AT = 304, F_AT = 560, F_CONTROL_AT = 816, V_HEAD_AT = 1080, V_CONTROL_AT = 1088, V_WIDTH_AT = 1120, V_AT = 1136 };
enum { V_MAGIC = 0x53465457, RETURN_COLUMN = 64 };

/* By their numbers. */
static const char *const integers[] = {"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
                                       "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                       "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
static const char *const floats[] = {"ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
                                     "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
                                     "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
static const char *const vector_words[] = {"vstart", "vl", "vtype", "vcsr"};

static int number_of(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "%d", RETURN_COLUMN);
    out_op(o, ".cfi_def_cfa", "sp, 0");
    out_op(o, ".cfi_offset", "s0, 0");
    out_op(o, ".cfi_offset", "%d, 8", RETURN_COLUMN);
    out_op(o, ".cfi_offset", "sp, 24");
    for (int n = 1; n < 32; n++)
        if (strcmp(integers[n], "s0") && strcmp(integers[n], "sp"))
            out_op(o, ".cfi_offset", "%s, %d", integers[n], X_AT + 8 * n);
    for (int n = 0; n < 32; n++)
        if (floats[n][1] == 's')
            out_op(o, ".cfi_offset", "%s, %d", floats[n], F_AT + 8 * n);
}

/* To forget vector registers is to clear them, if the frame has any. */
static void forget_vectors(struct out *o, const char *name)
{
    int word = number_of(vector_words, sizeof vector_words / sizeof *vector_words, name);
    out_op(o, "lw", "t0, %d(sp)", V_HEAD_AT);
    out_op(o, "li", "t1, %#x", V_MAGIC);
    out_op(o, "bne", "t0, t1, 2f");
    if (word >= 0) {
        out_op(o, "sd", "zero, %d(sp)", V_CONTROL_AT + 8 * word);
    } else {
        out_op(o, "ld", "t1, %d(sp)", V_WIDTH_AT);
        out_op(o, "slli", "t1, t1, 5");
        out_op(o, "addi", "t0, sp, %d", V_AT);
        out_op(o, "add", "t1, t1, t0");
        out_text(o, "1:\n");
        out_op(o, "sb", "zero, 0(t0)");
        out_op(o, "addi", "t0, t0, 1");
        out_op(o, "bne", "t0, t1, 1b");
    }
    out_text(o, "2:\n");
}

/* For --drop: what nobody has saved is what the callee left. */
static void write_forget(struct out *o, const char *name)
{
    int x = number_of(integers, 32, name), f = number_of(floats, 32, name);
    if (x >= 0) {
        out_op(o, "sd", "%s, %d(sp)", name, X_AT + 8 * x);
    } else if (f >= 0) {
        out_op(o, "fsd", "%s, %d(sp)", name, F_AT + 8 * f);
    } else if (!strcmp(name, "fcsr")) {
        out_op(o, "frcsr", "t0");
        out_op(o, "sw", "t0, %d(sp)", F_CONTROL_AT);
    } else {
        forget_vectors(o, name);
    }
}

static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"fscsr zero", "ld t0, 16(sp)", "jalr t0", NULL},
    .back = {"mv a0, sp", "call arch_uninject", NULL},
    .end = {"li a7, 139", "ecall", "ebreak", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_riscv64 = {"riscv64", file, rows, write_switch, write_preempt};
