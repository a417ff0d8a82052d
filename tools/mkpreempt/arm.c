/* The registers of 32-bit ARM, AAPCS with registers of the FPU.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* Arm ARM for ARMv7-A (DDI 0406) parts A2, B1.3, B4; for ARMv8 (DDI 0487) part G; the manual of iWMMXt; what user code can hold.
 * nzcvq, ge and so on are fields of the CPSR: it is how far a block of conditional Thumb instructions is done, t whether it is
 * Thumb code, e the byte order of data. */
static const char file[] = "r0-r12 sp lr pc nzcvq ge it t e j dit ssbs aif mode "
                           "d0-d31 fpscr fpsid mvfr0-mvfr2 fpexc fpinst fpinst2 "
                           "wr0-wr15 wcgr0-wcgr3 wcssf wcasf wcid wcon acc0 "
                           "tpidruro tpidrurw teehbr cntfrq cntvct cntv pmu cp14";

/* The components are the parts of the kernel's frame. */
enum { REGISTERS = 1, VFP };

#define KEPT_R(n)                                                                                                                  \
    {                                                                                                                              \
        "r" #n, 4, KEPT, NULL, 0                                                                                                   \
    }
#define KEPT_D(n)                                                                                                                  \
    {                                                                                                                              \
        "d" #n, 8, KEPT, NULL, 0                                                                                                   \
    }
#define SPILLED_R(n)                                                                                                               \
    {                                                                                                                              \
        "r" #n, 4, SPILLED, NULL, REGISTERS                                                                                        \
    }
#define SPILLED_D(n)                                                                                                               \
    {                                                                                                                              \
        "d" #n, 8, SPILLED, NULL, VFP                                                                                              \
    }

static const struct row rows[] = {
    KEPT_R(4),
    KEPT_R(5),
    KEPT_R(6),
    KEPT_R(7),
    KEPT_R(8),
    KEPT_R(9),
    KEPT_R(10),
    KEPT_R(11),
    {"lr", 4, BOTH, NULL, REGISTERS},
    KEPT_D(8),
    KEPT_D(9),
    KEPT_D(10),
    KEPT_D(11),
    KEPT_D(12),
    KEPT_D(13),
    KEPT_D(14),
    KEPT_D(15),
    {"fpscr", 4, BOTH, NULL, VFP},

    SPILLED_R(0),
    SPILLED_R(1),
    SPILLED_R(2),
    SPILLED_R(3),
    SPILLED_R(12),
    SPILLED_D(0),
    SPILLED_D(1),
    SPILLED_D(2),
    SPILLED_D(3),
    SPILLED_D(4),
    SPILLED_D(5),
    SPILLED_D(6),
    SPILLED_D(7),
    SPILLED_D(16),
    SPILLED_D(17),
    SPILLED_D(18),
    SPILLED_D(19),
    SPILLED_D(20),
    SPILLED_D(21),
    SPILLED_D(22),
    SPILLED_D(23),
    SPILLED_D(24),
    SPILLED_D(25),
    SPILLED_D(26),
    SPILLED_D(27),
    SPILLED_D(28),
    SPILLED_D(29),
    SPILLED_D(30),
    SPILLED_D(31),
    {"nzcvq", 4, SPILLED, NULL, REGISTERS},
    {"ge", 4, SPILLED, NULL, REGISTERS},
    {"it", 4, SPILLED, NULL, REGISTERS},
    {"t", 4, SPILLED, NULL, REGISTERS},

    {"sp pc", 4, FIXED, "the context, and the entry record", 0},
    {"e", 4, FIXED, "in the kernel's frame, with the flags; arch_inject clears it for the call", 0},
    {"dit ssbs", 4, FIXED, "in the kernel's frame, with the flags; a call does not change them", 0},
    {"j", 4, FIXED, "no CPU has that instruction set any more", 0},
    {"aif mode", 4, FIXED, "not for user code", 0},
    {"fpsid mvfr0-mvfr2 cntfrq cntvct", 4, FIXED, "can only be read", 0},
    {"fpexc fpinst fpinst2", 4, FIXED, "not for user code; the kernel has them in its frame", 0},
    {"wr0-wr15 wcgr0-wcgr3 wcssf wcasf wcid wcon acc0", 8, FIXED,
     "where there is iWMMXt, in the kernel's frame; but no compiler has used it, and a call may change it", 0},
    {"tpidruro", 4, FIXED, "can only be read: the thread's identity, which only the kernel moves", 0},
    {"tpidrurw", 4, FIXED, "the thread's by its name; libc and compilers leave it alone", 0},
    {"teehbr", 4, FIXED, "of ThumbEE, which no system has used; the thread's", 0},
    {"cntv pmu cp14", 4, FIXED, "clocks, counters and debuggers' channels, which are the CPU's or the system's", 0},
    {0},
};

/* ---- arch_switch ---- */

/* From the stack pointer on, in the order of struct context. */
enum { VECTORS_AT = 8, CORE_AT = 72, LINK_AT = 104, CONTEXT = 112 };

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

static int number_of(const struct row *row)
{
    return atoi(row->names + 1);
}

static bool is_vector(const struct row *row)
{
    return row->names[0] == 'd';
}

static int place_of(const struct row *row)
{
    return is_vector(row) ? VECTORS_AT + 8 * (number_of(row) - 8) : CORE_AT + 4 * (number_of(row) - 4);
}

/* The information for debuggers. */
static void write_places(struct out *o, const char *directive, struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (row->fate == KEPT)
            out_op(o, directive, "%s, %d", row->names, place_of(row) - CONTEXT);
    out_op(o, directive, "lr, %d", LINK_AT - CONTEXT);
}

static void switch_save(struct out *o, struct frame *f)
{
    out_op(o, "push", "{lr}");
    out_op(o, "push", "{r4-r11, lr}");
    out_op(o, "vpush", "{d8-d15}");
    out_op(o, "vmrs", "r2, fpscr");
    out_op(o, "push", "{r2, r3}");
    out_op(o, ".pad", "#4");
    out_op(o, ".save", "{r4-r11, lr}");
    out_op(o, ".vsave", "{d8-d15}");
    out_op(o, ".pad", "#8");
    out_op(o, ".cfi_def_cfa_offset", "%d", CONTEXT);
    write_places(o, ".cfi_offset", f);
    out_op(o, "str", "sp, [r0]");
}

/* For --drop: what nobody has saved is what the other context had. */
static void switch_forget(struct out *o, const struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (row->fate == KEPT && frame_drops(f, row))
            out_op(o, is_vector(row) ? "vstr" : "str", "%s, [sp, #%d]", row->names, place_of(row));
    if (frame_drops(f, find_row(f, "lr")))
        out_op(o, "str", "lr, [sp, #%d]", LINK_AT + 4);
}

static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "mov", "sp, r1");
    switch_forget(o, f);
    out_op(o, "ldr", "r3, [sp], #8");
    out_op(o, "eor", "r2, r2, r3");
    out_op(o, "lsls", "r2, r2, #4");
    out_op(o, "bne", "2f");
    out_text(o, "1:");
    out_op(o, "vpop", "{d8-d15}");
    out_op(o, "pop", "{r4-r11, lr, pc}");
    out_text(o, "2:");
    if (!frame_drops(f, find_row(f, "fpscr")))
        out_op(o, "vmsr", "fpscr, r3");
    out_op(o, "b", "1b");
}

/* Where the entry of a new context would return to. Unwinders look before a return address. */
static void write_end(struct out *o)
{
    out_text(o, "\n/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which "
                "look before a\n * return address. */\nFUNC(arch_end_code)\n");
    out_op(o, ".cantunwind", "%s", "");
    out_op(o, ".cfi_undefined", "lr");
    out_op(o, ".cfi_def_cfa_offset", "0");
    out_op(o, "udf", "#0");
    out_op(o, ".globl", "arch_end");
    out_op(o, ".hidden", "arch_end");
    out_text(o, "arch_end:\n");
    out_op(o, "udf", "#0");
    out_text(o, "END(arch_end_code)\n");
}

/* The control word hardly ever differs, but for the flags of a comparison, which a call does not keep; and loading it costs more
 * than comparing. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: r0, void *load: r1). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (frame_saves(f, row))
            frame_place(f, row);
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    write_end(o);
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on; the state of the FPU where it lies if there is no iWMMXt. */
enum { R_AT = 160, LR_AT = 216, FLAGS_AT = 224, D_AT = 368, FPSCR_AT = D_AT + 32 * 8 };

/* The unwinder's own, the last line first: frame pointer and pc from the record, r0 to r3, r4 to r10, ip and lr from the frame, and
 * the stack pointer from the record again. */
static void write_unwind(struct out *o)
{
    out_op(o, ".unwind_raw", "0, 0x00, 0x84, 0x00, 0x73, 0x82, 0x00");
    out_op(o, ".unwind_raw", "0, 0x80, 0x80, 0x88, 0x00, 0x25, 0xb1, 0x0f, 0x80, 0x7f, 0x00, 0x81, 0x00");
    out_op(o, ".cfi_def_cfa", "sp, 0");
    out_op(o, ".cfi_offset", "r11, 0");
    out_op(o, ".cfi_offset", "pc, 4");
    out_op(o, ".cfi_offset", "sp, 12");
    for (int n = 0; n < 13; n++)
        if (n != 11)
            out_op(o, ".cfi_offset", "r%d, %d", n, R_AT + 4 * n);
    out_op(o, ".cfi_offset", "lr, %d", LR_AT);
}

static void forget_flags(struct out *o, unsigned long high, unsigned long low)
{
    out_op(o, "ldr", "r0, [sp, #%d]", FLAGS_AT);
    out_op(o, "bic", "r0, r0, #%#lx", high);
    if (low)
        out_op(o, "bic", "r0, r0, #%#lx", low);
    out_op(o, "str", "r0, [sp, #%d]", FLAGS_AT);
}

/* For --drop: what nobody has saved is what the callee left. */
static void write_forget(struct out *o, const char *name)
{
    static const struct {
        const char *name;
        unsigned long high, low;
    } flags[] = {{"nzcvq", 0xf8000000, 0}, {"ge", 0xf0000, 0}, {"it", 0x6000000, 0xfc00}, {"t", 0x20, 0}};

    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (!strcmp(name, flags[i].name)) {
            forget_flags(o, flags[i].high, flags[i].low);
            return;
        }
    if (!strcmp(name, "fpscr")) {
        out_op(o, "vmrs", "r0, fpscr");
        out_op(o, "str", "r0, [sp, #%d]", FPSCR_AT);
    } else if (!strcmp(name, "lr")) {
        out_op(o, "str", "lr, [sp, #%d]", LR_AT);
    } else if (name[0] == 'd') {
        out_op(o, ".fpu", "neon");
        out_op(o, "vstr", "%s, [sp, #%d]", name, D_AT + 8 * atoi(name + 1));
    } else {
        out_op(o, "str", "%s, [sp, #%d]", name, R_AT + 4 * atoi(name + 1));
    }
}

static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"mov r0, #0", "vmsr fpscr, r0", "ldr r0, [sp, #8]", "blx r0", NULL},
    .back = {"mov r0, sp", "bl arch_uninject", NULL},
    .end = {"clrex", "mov r7, #173", "svc #0", "udf #0", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_arm = {"arm", file, rows, write_switch, write_preempt};
