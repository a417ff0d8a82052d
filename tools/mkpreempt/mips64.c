/* The registers of mips64 and mips64le, n64.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* MIPS64 architecture for programmers, volumes I to IV, up to release 5: what user code can hold. By numbers: r1 is at, r2 and r3
 * v0 and v1, r4 to r11 a0 to a7, r12 to r15 t0 to t3, r16 to r23 s0 to s7, r24 and r25 t8 and t9, r26 and r27 k0 and k1, r28 gp,
 * r29 sp, r30 fp, r31 ra. hi1 to lo3 and dsp are DSP's, w0h is what MSA has of register 0 beside f0, acc is MDMX's. */
static const char file[] = "r1-r31 pc hi lo f0-f31 fcsr fir hi1-hi3 lo1-lo3 dsp w0h-w31h msacsr msair acc acx llbit ulr "
                           "cpunum synci_step cc ccres mpl0-mpl2 p0-p2 cop2";

/* The components are the parts of the kernel's frame. */
enum { REGISTERS = 1, FLOATS, DSP, MSA };

#define KEPT_R(n)                                                                                                                  \
    {                                                                                                                              \
        "r" #n, 8, KEPT, NULL, 0                                                                                                   \
    }
#define SPILLED_R(n)                                                                                                               \
    {                                                                                                                              \
        "r" #n, 8, SPILLED, NULL, REGISTERS                                                                                        \
    }
#define KEPT_F(n)                                                                                                                  \
    {                                                                                                                              \
        "f" #n, 8, KEPT, NULL, 0                                                                                                   \
    }
#define SPILLED_F(n)                                                                                                               \
    {                                                                                                                              \
        "f" #n, 8, SPILLED, NULL, FLOATS                                                                                           \
    }
#define SPILLED_8(name, component)                                                                                                 \
    {                                                                                                                              \
        name, 8, SPILLED, NULL, component                                                                                          \
    }

/* clang-format off */
static const struct row rows[] = {
    KEPT_R(16), KEPT_R(17), KEPT_R(18), KEPT_R(19), KEPT_R(20), KEPT_R(21), KEPT_R(22), KEPT_R(23), KEPT_R(28), KEPT_R(30),
    KEPT_F(24), KEPT_F(25), KEPT_F(26), KEPT_F(27), KEPT_F(28), KEPT_F(29), KEPT_F(30), KEPT_F(31),
    {"fcsr", 4, BOTH, NULL, FLOATS},    /* a call keeps its modes */
    {"msacsr", 4, BOTH, NULL, MSA},
    {"r31", 8, BOTH, NULL, REGISTERS},

    SPILLED_R(1), SPILLED_R(2), SPILLED_R(3), SPILLED_R(4), SPILLED_R(5), SPILLED_R(6), SPILLED_R(7), SPILLED_R(8), SPILLED_R(9),
    SPILLED_R(10), SPILLED_R(11), SPILLED_R(12), SPILLED_R(13), SPILLED_R(14), SPILLED_R(15), SPILLED_R(24), SPILLED_R(25),
    SPILLED_8("hi", REGISTERS), SPILLED_8("lo", REGISTERS),
    SPILLED_F(0), SPILLED_F(1), SPILLED_F(2), SPILLED_F(3), SPILLED_F(4), SPILLED_F(5), SPILLED_F(6), SPILLED_F(7), SPILLED_F(8),
    SPILLED_F(9), SPILLED_F(10), SPILLED_F(11), SPILLED_F(12), SPILLED_F(13), SPILLED_F(14), SPILLED_F(15), SPILLED_F(16), SPILLED_F(17),
    SPILLED_F(18), SPILLED_F(19), SPILLED_F(20), SPILLED_F(21), SPILLED_F(22), SPILLED_F(23),
    SPILLED_8("hi1", DSP), SPILLED_8("hi2", DSP), SPILLED_8("hi3", DSP), SPILLED_8("lo1", DSP), SPILLED_8("lo2", DSP), SPILLED_8("lo3", DSP),
    {"dsp", 4, SPILLED, NULL, DSP},
    {"w0h-w31h", 8, SPILLED, NULL, MSA},

    {"r29 pc", 8, FIXED, "the context, and the record", 0},
    {"r26 r27", 8, FIXED, "the kernel's: any interrupt, a page that is not there, leaves something else in them", 0},
    {"ulr", 8, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"llbit", 1, FIXED, "of a pair of load linked and store conditional, which begins anew; any interrupt takes it away", 0},
    {"fir msair cpunum synci_step cc ccres", 8, FIXED, "can only be read", 0},
    {"acc", 24, FIXED, "MDMX, of CPUs that Linux has never kept it on", 0},
    {"acx", 8, FIXED, "SmartMIPS, of CPUs with 32 bits", 0},
    {"mpl0-mpl2 p0-p2 cop2", 8, FIXED, "of one maker's CPUs, for code by hand: no frame of a signal holds them", 0},
    {0},
};
/* clang-format on */

/* ---- arch_switch ---- */

enum { CONTEXT = 176, FCSR_AT = 144, MSACSR_AT = 148, PC_AT = 152, LINK_AT = 160, KEPT_ROWS = 18, DWARF_F = 32, LINK = 31 };

static bool drops(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return frame_drops(f, row);
    die("%s: no row %s", f->cpu->name, name);
}

static bool is_float(const struct row *row)
{
    return row->names[0] == 'f';
}

static int number_of(const struct row *row)
{
    return atoi(row->names + 1);
}

/* In unwind information. */
static int column_of(const struct row *row)
{
    return number_of(row) + (is_float(row) ? DWARF_F : 0);
}

/* The registers that a call keeps are the first rows, and lie in the context in that order. */
static void move_kept(struct out *o, const struct frame *f, bool load)
{
    for (int i = 0; i < KEPT_ROWS; i++) {
        const struct row *row = &f->cpu->rows[i];
        const char *op = is_float(row) ? (load ? "ldc1" : "sdc1") : load ? "ld" : "sd";
        if (!frame_drops(f, row))
            out_op(o, op, is_float(row) ? "$f%d, %d($29)" : "$%d, %d($29)", number_of(row), 8 * i);
        if (!load)
            out_op(o, ".cfi_rel_offset", "%d, %d", column_of(row), 8 * i);
    }
}

static void place_kept(struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (frame_saves(f, row))
            frame_place(f, row);
}

/* What the last operation has raised is left out of the control words: where that is enabled, to write it traps. */
static void switch_save(struct out *o, struct frame *f)
{
    const char *link = drops(f, "r31") ? "$0" : "$31";

    out_op(o, "daddiu", "$29, $29, -%d", CONTEXT);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", CONTEXT);
    move_kept(o, f, false);
    out_op(o, "cfc1", "$8, $31");
    out_op(o, "lui", "$10, 0xfffc");
    out_op(o, "ori", "$10, $10, 0x0fff");
    out_op(o, "and", "$8, $8, $10");
    out_op(o, "sw", "$8, %d($29)", FCSR_AT);
    out_op(o, "sd", "%s, %d($29)", link, PC_AT);
    out_op(o, "sd", "%s, %d($29)", link, LINK_AT);
    out_op(o, ".cfi_rel_offset", "%d, %d", LINK, LINK_AT);
    out_op(o, "GLOBALS", "$9, arch_switch");
    out_op(o, "UNLESS_VECTORS", "$9, 1f");
    out_op(o, "MSACSR", "$9");
    out_op(o, "and", "$9, $9, $10");
    out_op(o, "lw", "$10, %d($5)", MSACSR_AT);
    out_op(o, "beq", "$9, $10, 1f");
    out_op(o, "sw", "$9, %d($29)", MSACSR_AT);
    if (!drops(f, "msacsr"))
        out_op(o, "SET_MSACSR", "$10");
    out_text(o, "1:\n");
    out_op(o, "sd", "$29, 0($4)");
}

static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "move", "$29, $5");
    out_op(o, "lw", "$9, %d($29)", FCSR_AT);
    out_op(o, "beq", "$8, $9, 1f");
    out_op(o, "ld", "$31, %d($29)", LINK_AT);
    if (!drops(f, "fcsr"))
        out_op(o, "ctc1", "$9, $31");
    out_text(o, "1:\n");
    move_kept(o, f, true);
    out_op(o, "ld", "$25, %d($29)", PC_AT);
    out_op(o, "daddiu", "$29, $29, %d", CONTEXT);
    for (int i = 0; i < KEPT_ROWS; i++)
        out_op(o, ".cfi_restore", "%d", column_of(&f->cpu->rows[i]));
    out_op(o, ".cfi_restore", "%d", LINK);
    out_op(o, ".cfi_adjust_cfa_offset", "-%d", CONTEXT);
    out_op(o, "jr", "$25");
    out_op(o, "nop", "%s", "");
}

/* The control words hardly ever differ, and to load them costs more than to compare. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: $4, void *load: $5). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    place_kept(f);
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "31", "break", "");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on. Where there is more state, the words before RECORDS_AT and behind it say so. */
enum { REGS_AT = 192, F_AT = 448, HI_AT = 704, LO_AT = 736, FCSR = 776, USED = 780, DSP_AT = 784, MSA_AT = 816, MSACSR = 1072 };
enum { RETURN_COLUMN = 66, SP = 29, FP = 30, CALLED = 25, HAS_RECORDS = 8 };

/* The frame pointer is at the lower end, and stays there. */
static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "%d", RETURN_COLUMN);
    out_op(o, ".cfi_def_cfa", "%d, 0", FP);
    out_op(o, ".cfi_offset", "%d, 0", FP);
    out_op(o, ".cfi_offset", "%d, 8", RETURN_COLUMN);
    out_op(o, ".cfi_offset", "%d, 24", SP);
    out_op(o, ".cfi_offset", "%d, 32", CALLED);
    for (int n = 1; n < 32; n++)
        if (n != SP && n != FP && n != CALLED)
            out_op(o, ".cfi_offset", "%d, %d", n, REGS_AT + 8 * n);
    for (int n = 24; n < 32; n++)
        out_op(o, ".cfi_offset", "%d, %d", DWARF_F + n, F_AT + 8 * n);
}

/* Where the frame has them. */
static void forget_vectors(struct out *o, bool control)
{
    out_op(o, "lw", "$8, %d($29)", USED);
    out_op(o, "andi", "$8, $8, %d", HAS_RECORDS);
    out_op(o, "beqz", "$8, 1f");
    out_op(o, "nop", "%s", "");
    if (control)
        out_op(o, "sw", "$0, %d($29)", MSACSR);
    for (int n = 0; n < 32 && !control; n++)
        out_op(o, "sd", "$0, %d($29)", MSA_AT + 8 * n);
    out_text(o, "1:\n");
}

static void forget_accumulator(struct out *o, const char *name)
{
    out_op(o, "sd", "$0, %d($29)", (name[0] == 'h' ? HI_AT : LO_AT) + 8 * atoi(name + 2));
}

/* An emulator does not take it from there. */
static void forget_control(struct out *o)
{
    out_op(o, "sw", "$0, %d($29)", FCSR);
    out_op(o, "ctc1", "$0, $31");
}

/* For --drop: what nobody has saved may be anything. */
static void write_forget(struct out *o, const char *name)
{
    if (!strcmp(name, "fcsr"))
        forget_control(o);
    else if (!strcmp(name, "dsp"))
        out_op(o, "sw", "$0, %d($29)", DSP_AT);
    else if (name[0] == 'h' || name[0] == 'l')
        forget_accumulator(o, name);
    else if (name[0] == 'w' || name[0] == 'm')
        forget_vectors(o, name[0] == 'm');
    else
        out_op(o, "sd", "$0, %d($29)", (name[0] == 'r' ? REGS_AT : F_AT) + 8 * atoi(name + 1));
}

/* An emulator's frame need not be as aligned as a stack. */
static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"GLOBALS $28, arch_preempt", "FRESH $28, $9", "ld $25, 16($30)", "li $9, -16", "jalr $25", "and $29, $29, $9", NULL},
    .back = {"ld $25, %got_disp(arch_uninject)($28)", "jalr $25", "move $4, $30", "move $29, $30", NULL},
    .end = {"li $2, 5211", "syscall", "break", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_mips64 = {"mips64", file, rows, write_switch, write_preempt};
