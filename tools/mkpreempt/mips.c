/* The registers of mips by their numbers and by the names of the o32 ABI.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* The MIPS32 architecture, volumes I to IV, as far as user code can hold something in it: general registers but zero, HI and LO,
 * the floating-point registers at 64 bits (where they have 32, the odd ones are the other halves of the even ones), their control
 * registers (FCSR, which has two more names, FCCR and FEXR), DSP, MSA, SmartMIPS, and what rdhwr reads. */
static const char file[] = "at v0-v1 a0-a3 t0-t9 s0-s7 k0-k1 gp sp fp ra pc hi lo "
                           "f0-f31 fcsr fccr fexr fir "
                           "hi1-hi3 lo1-lo3 dsp "
                           "w0h-w31h msacsr msair "
                           "acx coprocessor2 llbit userlocal cpunum synci_step cc ccres perfctr xnp";

/* The components are the parts of the kernel's frame. */
enum { REGISTERS = 1, FLOATS, DSP, VECTORS };

#define KEPT_4(name)                                                                                                               \
    {                                                                                                                              \
        name, 4, KEPT, NULL, 0                                                                                                     \
    }
#define KEPT_8(name)                                                                                                               \
    {                                                                                                                              \
        name, 8, KEPT, NULL, 0                                                                                                     \
    }
#define SPILLED_4(name, component)                                                                                                 \
    {                                                                                                                              \
        name, 4, SPILLED, NULL, component                                                                                          \
    }
#define SPILLED_8(name, component)                                                                                                 \
    {                                                                                                                              \
        name, 8, SPILLED, NULL, component                                                                                          \
    }

static const struct row rows[] = {
    KEPT_8("f20"),
    KEPT_8("f22"),
    KEPT_8("f24"),
    KEPT_8("f26"),
    KEPT_8("f28"),
    KEPT_8("f30"),
    KEPT_4("s0"),
    KEPT_4("s1"),
    KEPT_4("s2"),
    KEPT_4("s3"),
    KEPT_4("s4"),
    KEPT_4("s5"),
    KEPT_4("s6"),
    KEPT_4("s7"),
    KEPT_4("fp"),
    {"fcsr", 4, BOTH, NULL, FLOATS},
    {"ra", 4, BOTH, NULL, REGISTERS},

    SPILLED_4("at", REGISTERS),
    SPILLED_4("v0", REGISTERS),
    SPILLED_4("v1", REGISTERS),
    SPILLED_4("a0", REGISTERS),
    SPILLED_4("a1", REGISTERS),
    SPILLED_4("a2", REGISTERS),
    SPILLED_4("a3", REGISTERS),
    SPILLED_4("t0", REGISTERS),
    SPILLED_4("t1", REGISTERS),
    SPILLED_4("t2", REGISTERS),
    SPILLED_4("t3", REGISTERS),
    SPILLED_4("t4", REGISTERS),
    SPILLED_4("t5", REGISTERS),
    SPILLED_4("t6", REGISTERS),
    SPILLED_4("t7", REGISTERS),
    SPILLED_4("t8", REGISTERS),
    SPILLED_4("t9", REGISTERS),
    SPILLED_4("gp", REGISTERS),
    SPILLED_4("hi", REGISTERS),
    SPILLED_4("lo", REGISTERS),
    SPILLED_8("f0", FLOATS),
    SPILLED_8("f1", FLOATS),
    SPILLED_8("f2", FLOATS),
    SPILLED_8("f3", FLOATS),
    SPILLED_8("f4", FLOATS),
    SPILLED_8("f5", FLOATS),
    SPILLED_8("f6", FLOATS),
    SPILLED_8("f7", FLOATS),
    SPILLED_8("f8", FLOATS),
    SPILLED_8("f9", FLOATS),
    SPILLED_8("f10", FLOATS),
    SPILLED_8("f11", FLOATS),
    SPILLED_8("f12", FLOATS),
    SPILLED_8("f13", FLOATS),
    SPILLED_8("f14", FLOATS),
    SPILLED_8("f15", FLOATS),
    SPILLED_8("f16", FLOATS),
    SPILLED_8("f17", FLOATS),
    SPILLED_8("f18", FLOATS),
    SPILLED_8("f19", FLOATS),
    /* In 32 bits they belong to those above, which a call keeps; in 64 a call may destroy them. */
    SPILLED_8("f21", FLOATS),
    SPILLED_8("f23", FLOATS),
    SPILLED_8("f25", FLOATS),
    SPILLED_8("f27", FLOATS),
    SPILLED_8("f29", FLOATS),
    SPILLED_8("f31", FLOATS),
    SPILLED_4("hi1", DSP),
    SPILLED_4("lo1", DSP),
    SPILLED_4("hi2", DSP),
    SPILLED_4("lo2", DSP),
    SPILLED_4("hi3", DSP),
    SPILLED_4("lo3", DSP),
    SPILLED_4("dsp", DSP),
    {"w0h-w31h", 8, SPILLED, NULL, VECTORS},
    {"msacsr", 4, SPILLED, NULL, VECTORS},
    {"acx", 4, SPILLED, NULL, REGISTERS},

    {"sp pc", 4, FIXED, "the context, and the entry record", 0},
    {"k0-k1", 4, FIXED, "the kernel's: any interrupt changes them, so no code holds anything there", 0},
    {"fccr fexr", 4, FIXED, "other names for bits of fcsr", 0},
    {"coprocessor2", 8, FIXED, "of single makers, in no frame of the kernel's; no compiler uses it", 0},
    {"llbit", 1, FIXED, "of a pair of load linked and store conditional, which begins anew: any return from the kernel clears it",
     0},
    {"userlocal", 4, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"fir msair cpunum synci_step cc ccres perfctr xnp", 4, FIXED, "nothing that code holds: they can only be read", 0},
    {0},
};

/* ---- numbers ---- */

static const char *const integers[] = {"zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2",
                                       "t3",   "t4", "t5", "t6", "t7", "s0", "s1", "s2", "s3", "s4", "s5",
                                       "s6",   "s7", "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra"};
enum { LINK = 31, FRAME = 30, STACK = 29 };

/* -1: it is none of these. */
static int number_of(const char *name)
{
    for (int i = 0; i < 32; i++)
        if (!strcmp(integers[i], name))
            return i;
    return -1;
}

static int float_of(const char *name)
{
    return name[0] == 'f' && name[1] >= '0' && name[1] <= '9' ? atoi(name + 1) : -1;
}

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

/* ---- arch_switch ---- */

enum { CONTEXT = 96, INTEGERS_AT = 48, FCSR_AT = 84, PC_AT = 88, LINK_AT = 92, KEPT_FLOATS = 6, KEPT_INTEGERS = 9 };

/* What a call keeps are the first rows, and lie in the context in that order. */
static void move_kept(struct out *o, const struct frame *f, bool load)
{
    for (int i = 0; i < KEPT_FLOATS + KEPT_INTEGERS; i++) {
        const struct row *row = &f->cpu->rows[i];
        int is_float = i < KEPT_FLOATS, at = is_float ? 8 * i : INTEGERS_AT + 4 * (i - KEPT_FLOATS);
        if (is_float && !frame_drops(f, row))
            out_op(o, load ? "ldc1" : "sdc1", "$f%d, %d($sp)", float_of(row->names), at);
        if (!is_float && !frame_drops(f, row))
            out_op(o, load ? "lw" : "sw", "$%d, %d($sp)", number_of(row->names), at);
        if (!is_float && !load)
            out_op(o, ".cfi_rel_offset", "%d, %d", number_of(row->names), at);
    }
}

static void switch_save(struct out *o, struct frame *f)
{
    bool drops_link = frame_drops(f, find_row(f, "ra"));

    out_op(o, "addiu", "$sp, $sp, -%d", CONTEXT);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", CONTEXT);
    move_kept(o, f, false);
    out_op(o, "cfc1", "$8, $31");
    out_op(o, "sw", "$8, %d($sp)", FCSR_AT);
    out_op(o, "sw", "$%d, %d($sp)", drops_link ? 0 : LINK, PC_AT);
    out_op(o, "sw", "$%d, %d($sp)", drops_link ? 0 : LINK, LINK_AT);
    out_op(o, ".cfi_rel_offset", "%d, %d", LINK, LINK_AT);
    out_op(o, "sw", "$sp, 0($4)");
}

/* Position-independent code finds its address in $25 when it is called, as a new context's entry is. */
static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "move", "$sp, $5");
    out_op(o, "lw", "$9, %d($sp)", FCSR_AT);
    if (!frame_drops(f, find_row(f, "fcsr"))) {
        out_op(o, "beq", "$8, $9, 1f");
        out_op(o, "nop", "%s", "");
        out_op(o, "ctc1", "$9, $31");
    }
    out_text(o, "1:\n");
    move_kept(o, f, true);
    out_op(o, "lw", "$%d, %d($sp)", LINK, LINK_AT);
    out_op(o, "lw", "$25, %d($sp)", PC_AT);
    for (int i = KEPT_FLOATS; i < KEPT_FLOATS + KEPT_INTEGERS; i++)
        out_op(o, ".cfi_restore", "%d", number_of(f->cpu->rows[i].names));
    out_op(o, ".cfi_restore", "%d", LINK);
    out_op(o, "jr", "$25");
    out_op(o, "addiu", "$sp, $sp, %d", CONTEXT);
}

/* The control word hardly ever differs, and to load it costs more than to compare. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: a0, void *load: a1). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    for (int i = 0; i < KEPT_FLOATS + KEPT_INTEGERS; i++)
        frame_place(f, &f->cpu->rows[i]);
    frame_place(f, find_row(f, "fcsr"));
    frame_place(f, find_row(f, "ra"));
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "31", "break", "");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on: halves of 64 bits, of which unwinders want the low one; the record is at 24. */
enum { BASE = 152, X_AT = BASE + 40, F_AT = BASE + 296, RECORD_AT = 24, RETURN_COLUMN = 66 };
enum { ACX_AT = BASE + 552, FCSR_AT_FRAME = BASE + 556, DSP_AT = BASE + 568, HI_AT = BASE + 576, LO_AT = BASE + 584 };
enum { HI1_AT = BASE + 592, PARTS_AT = BASE + 632, PART_HEAD = 8, VECTORS_MAGIC = 0x784d5341 };

static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "%d", RETURN_COLUMN);
    out_op(o, ".cfi_def_cfa", "29, 0");
    out_op(o, ".cfi_offset", "%d, %d", FRAME, RECORD_AT);
    out_op(o, ".cfi_offset", "%d, %d", RETURN_COLUMN, RECORD_AT + 4);
    out_op(o, ".cfi_offset", "%d, %d", STACK, RECORD_AT + 12);
    for (int n = 1; n < 32; n++)
        if (n != STACK && n != FRAME)
            out_op(o, ".cfi_offset", "%d, %d + LOW_HALF", n, X_AT + 8 * n);
}

/* To forget vector registers is to clear them, if the frame has any. */
static void forget_vectors(struct out *o, bool control)
{
    out_op(o, "lw", "$8, %d($sp)", PARTS_AT);
    out_op(o, "li", "$9, %#x", VECTORS_MAGIC);
    out_op(o, "bne", "$8, $9, 2f");
    out_op(o, "addiu", "$8, $sp, %d", PARTS_AT + PART_HEAD);
    if (control) {
        out_op(o, "sw", "$0, 256($8)");
    } else {
        out_op(o, "addiu", "$9, $8, 256");
        out_text(o, "1:\n");
        out_op(o, "sw", "$0, 0($8)");
        out_op(o, "addiu", "$8, $8, 4");
        out_op(o, "bne", "$8, $9, 1b");
        out_op(o, "nop", "%s", "");
    }
    out_text(o, "2:\n");
}

static void forget_dsp(struct out *o, const char *name)
{
    int accumulator = name[2] - '0';
    out_text(o, "        .set     push\n        .set     dsp\n");
    if (!strcmp(name, "dsp"))
        out_op(o, "rddsp", "$8, 63");
    else
        out_op(o, name[0] == 'h' ? "mfhi" : "mflo", "$8, $ac%d", accumulator);
    out_op(o, "sw", "$8, %d($sp)", !strcmp(name, "dsp") ? DSP_AT : HI1_AT + 8 * (accumulator - 1) + (name[0] == 'l' ? 4 : 0));
    out_text(o, "        .set     pop\n");
}

/* arch_uninject has put it back already, and into the frame. */
static void forget_control(struct out *o)
{
    out_op(o, "cfc1", "$8, $31");
    out_op(o, "lui", "$9, 0xc");
    out_op(o, "and", "$8, $8, $9");
    out_op(o, "ctc1", "$8, $31");
    out_op(o, "sw", "$8, %d($sp)", FCSR_AT_FRAME);
}

/* For --drop: what nobody has saved is what the callee left. */
static void write_forget(struct out *o, const char *name)
{
    int x = number_of(name), f = float_of(name);
    if (x >= 0) {
        out_op(o, "sw", "$%d, %d + LOW_HALF($sp)", x, X_AT + 8 * x);
    } else if (f >= 0 && f % 2 == 0) {
        out_op(o, "sdc1", "$f%d, %d($sp)", f, F_AT + 8 * f);
    } else if (f >= 0) {
        out_text(o, "        FORGET_ODD %d, %d, %d\n", f, F_AT + 8 * f, F_AT + 8 * (f - 1));
    } else if (!strcmp(name, "fcsr")) {
        forget_control(o);
    } else if (!strcmp(name, "acx")) {
        out_op(o, "sw", "$0, %d($sp)", ACX_AT);
    } else if (!strcmp(name, "hi") || !strcmp(name, "lo")) {
        out_op(o, name[0] == 'h' ? "mfhi" : "mflo", "$8");
        out_op(o, "sw", "$8, %d + LOW_HALF($sp)", name[0] == 'h' ? HI_AT : LO_AT);
    } else if (name[0] == 'w' || name[0] == 'm') {
        forget_vectors(o, name[0] == 'm');
    } else {
        forget_dsp(o, name);
    }
}

/* The address of what is called is to be in $25, and that of the table of addresses, in which it is found, in $28: which is how far
 * from here, the assembler knows by the name _gp_disp. */
static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"cfc1 $8, $31", "lui $9, 0xc", "and $8, $8, $9", "ctc1 $8, $31", "lw $25, 32($sp)", "jalr $25", "nop", NULL},
    .back = {"bal 1f", "nop", "1:", "lui $28, %hi(_gp_disp)", "addiu $28, $28, %lo(_gp_disp)", "addu $28, $28, $31",
             "lw $25, %got(arch_uninject)($28)", "jalr $25", "move $4, $sp", NULL},
    .end = {"li $2, 4193", "syscall", "break", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_mips = {"mips", file, rows, write_switch, write_preempt};
