/* The registers of arm64, AAPCS64.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* Arm ARM (DDI 0487) parts B1, C5.2; the supplements on SVE and SME; what user code can hold. z0h is what a vector register has
 * above the 128 bits of v0. */
static const char file[] = "x0-x30 sp pc nzcv daif dit ssbs tco btype "
                           "v0-v31 fpcr fpsr fpmr z0h-z31h p0-p15 ffr za zt0 svcr "
                           "tpidr_el0 tpidrro_el0 tpidr2_el0 por_el0 gcspr_el0 cntfrq_el0 cntvct_el0";

/* The components are the records of the kernel's frame. */
enum { REGISTERS = 1, FPSIMD, SVE };

#define KEPT_X(n)                                                                                                                  \
    {                                                                                                                              \
        "x" #n, 8, KEPT, NULL, 0                                                                                                   \
    }
#define SPILLED_X(n)                                                                                                               \
    {                                                                                                                              \
        "x" #n, 8, SPILLED, NULL, REGISTERS                                                                                        \
    }
#define BOTH_V(n)                                                                                                                  \
    {                                                                                                                              \
        "v" #n, 8, BOTH, NULL, FPSIMD                                                                                              \
    } /* a call keeps the lower half */
#define SPILLED_V(n)                                                                                                               \
    {                                                                                                                              \
        "v" #n, 16, SPILLED, NULL, FPSIMD                                                                                          \
    }

static const struct row rows[] = {
    {"x29", 8, KEPT, NULL, 0},
    {"x30", 8, BOTH, NULL, REGISTERS},
    KEPT_X(19),
    KEPT_X(20),
    KEPT_X(21),
    KEPT_X(22),
    KEPT_X(23),
    KEPT_X(24),
    KEPT_X(25),
    KEPT_X(26),
    KEPT_X(27),
    KEPT_X(28),
    BOTH_V(8),
    BOTH_V(9),
    BOTH_V(10),
    BOTH_V(11),
    BOTH_V(12),
    BOTH_V(13),
    BOTH_V(14),
    BOTH_V(15),
    {"fpcr", 4, BOTH, NULL, FPSIMD},
    {"fpsr", 4, BOTH, NULL, FPSIMD},

    SPILLED_X(0),
    SPILLED_X(1),
    SPILLED_X(2),
    SPILLED_X(3),
    SPILLED_X(4),
    SPILLED_X(5),
    SPILLED_X(6),
    SPILLED_X(7),
    SPILLED_X(8),
    SPILLED_X(9),
    SPILLED_X(10),
    SPILLED_X(11),
    SPILLED_X(12),
    SPILLED_X(13),
    SPILLED_X(14),
    SPILLED_X(15),
    SPILLED_X(16),
    SPILLED_X(17),
    SPILLED_X(18),
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
    {"nzcv", 4, SPILLED, NULL, REGISTERS},
    {"z0h-z31h", 240, SPILLED, NULL, SVE},
    {"p0-p15", 32, SPILLED, NULL, SVE},
    {"ffr", 32, SPILLED, NULL, SVE},

    {"sp pc", 8, FIXED, "the context, and the entry record", 0},
    {"daif", 4, FIXED, "not for user code", 0},
    {"dit ssbs tco btype", 4, FIXED, "in the kernel's frame, with the flags; a call does not change them", 0},
    {"fpmr", 8, FIXED, "in the kernel's frame; a call may not count on it", 0},
    {"za zt0 svcr", 4, FIXED, "arch_inject refuses a frame in which SME is in use", 0},
    {"tpidr_el0 tpidr2_el0", 8, FIXED, "the thread's identity, which the scheduler hands over; and part of SME", 0},
    {"tpidrro_el0 cntfrq_el0 cntvct_el0", 8, FIXED, "can only be read", 0},
    {"por_el0", 8, FIXED, "the thread's access rights, not the code's", 0},
    {"gcspr_el0", 8, FIXED, "a program with shadow stacks is not one that links this: its assembly is not marked for them", 0},
    {0},
};

static void op(struct out *o, const char *name)
{
    out_op(o, name, "%s", "");
}

/* ---- arch_switch ---- */

enum { CONTEXT = 176, PAIRS_AT = 16, VECTORS_AT = 96, CONTROL_AT = 160, PC_AT = 168 };

/* Registers that arch_switch saves by twos, in the order of the rows. The name of a vector's lower half begins with a d. */
struct pair {
    const struct row *rows[2];
    char names[2][8];
    int at;
};

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

static struct pair make_pair(struct frame *f, char kind, int number, int at)
{
    struct pair p = {.at = at};
    for (int i = 0; i < 2; i++) {
        char name[8] = {kind};
        int n = number + i;
        name[1] = (char)('0' + n / 10), name[2] = (char)('0' + n % 10);
        if (n < 10)
            name[1] = name[2], name[2] = 0;
        p.rows[i] = find_row(f, name);
        frame_place(f, p.rows[i]);
        memcpy(p.names[i], name, sizeof name);
        if (kind == 'v')
            p.names[i][0] = 'd';
    }
    return p;
}

/* Both at once, or, for --drop, the one of them that is not left out. */
static void move_pair(struct out *o, const struct frame *f, const struct pair *p, bool load)
{
    bool dropped[2] = {frame_drops(f, p->rows[0]), frame_drops(f, p->rows[1])};
    if (!dropped[0] && !dropped[1])
        out_op(o, load ? "ldp" : "stp", "%s, %s, [sp, #%d]", p->names[0], p->names[1], p->at);
    else
        for (int i = 0; i < 2; i++)
            if (!dropped[i])
                out_op(o, load ? "ldr" : "str", "%s, [sp, #%d]", p->names[i], p->at + 8 * i);
}

enum { PAIRS = 9 };

static void collect_pairs(struct frame *f, struct pair *pairs)
{
    for (int i = 0; i < 5; i++)
        pairs[i] = make_pair(f, 'x', 19 + 2 * i, PAIRS_AT + 16 * i);
    for (int i = 0; i < 4; i++)
        pairs[5 + i] = make_pair(f, 'v', 8 + 2 * i, VECTORS_AT + 16 * i);
}

static void switch_save(struct out *o, struct frame *f, const struct pair *pairs)
{
    bool drops_fp = frame_drops(f, find_row(f, "x29")), drops_link = frame_drops(f, find_row(f, "x30"));

    out_op(o, "stp", "%s, %s, [sp, #-%d]!", drops_fp ? "xzr" : "x29", drops_link ? "xzr" : "x30", CONTEXT);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", CONTEXT);
    out_op(o, ".cfi_rel_offset", "x29, 0");
    out_op(o, ".cfi_rel_offset", "x30, 8");
    for (int i = 0; i < PAIRS; i++) {
        move_pair(o, f, &pairs[i], false);
        for (int j = 0; j < 2; j++)
            out_op(o, ".cfi_rel_offset", "%s, %d", pairs[i].names[j], pairs[i].at + 8 * j);
    }
    out_op(o, "mrs", "x9, fpcr");
    out_op(o, "mrs", "x10, fpsr");
    out_op(o, "stp", "w9, w10, [sp, #%d]", CONTROL_AT);
    out_op(o, "str", "%s, [sp, #%d]", drops_link ? "xzr" : "x30", PC_AT);
    out_op(o, "mov", "x11, sp");
    out_op(o, "str", "x11, [x0]");
}

static void switch_load(struct out *o, struct frame *f, const struct pair *pairs)
{
    out_op(o, "mov", "sp, x1");
    out_op(o, "ldp", "w11, w12, [sp, #%d]", CONTROL_AT);
    out_op(o, "cmp", "w9, w11");
    out_op(o, "b.ne", "2f");
    out_text(o, "1:");
    out_op(o, "cmp", "w10, w12");
    out_op(o, "b.ne", "4f");
    out_text(o, "3:\n");
    op(o, ".cfi_remember_state");
    for (int i = PAIRS; i-- > 0;)
        move_pair(o, f, &pairs[i], true);
    out_op(o, "ldr", "x9, [sp, #%d]", PC_AT);
    out_op(o, "ldp", "x29, x30, [sp], #%d", CONTEXT);
    for (int i = 0; i < PAIRS; i++)
        for (int j = 0; j < 2; j++)
            out_op(o, ".cfi_restore", "%s", pairs[i].names[j]);
    out_op(o, ".cfi_restore", "x29");
    out_op(o, ".cfi_restore", "x30");
    out_op(o, ".cfi_adjust_cfa_offset", "-%d", CONTEXT);
    out_op(o, "ret", "x9");
    op(o, ".cfi_restore_state");
    out_text(o, "2:");
    if (!frame_drops(f, find_row(f, "fpcr")))
        out_op(o, "msr", "fpcr, x11");
    out_op(o, "b", "1b");
    out_text(o, "4:");
    if (!frame_drops(f, find_row(f, "fpsr")))
        out_op(o, "msr", "fpsr, x12");
    out_op(o, "b", "3b");
}

/* The control words hardly ever differ, and loading them costs more than comparing. */
static void write_switch(struct out *o, struct frame *f)
{
    struct pair pairs[PAIRS];

    out_text(o, " *\n * arch_switch(void **save: x0, void *load: x1). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    collect_pairs(f, pairs);
    frame_place(f, find_row(f, "x29"));
    frame_place(f, find_row(f, "x30"));
    frame_place(f, find_row(f, "fpcr"));
    frame_place(f, find_row(f, "fpsr"));
    switch_save(o, f, pairs);
    out_text(o, "\n");
    switch_load(o, f, pairs);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "x30", "brk", "#0");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from its lower end on. */
enum { X_AT = 312, FLAGS_AT = 576, STATE_AT = 592 };

static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "96");
    out_op(o, ".cfi_def_cfa", "sp, 0");
    out_op(o, ".cfi_offset", "x29, 0");
    out_op(o, ".cfi_offset", "96, 8");
    out_op(o, ".cfi_offset", "sp, 24");
    for (int n = 0; n < 31; n++)
        if (n != 29)
            out_op(o, ".cfi_offset", "x%d, %d", n, X_AT + 8 * n);
}

/* Puts the contents of SVE's record into x9, and the bytes of a vector into x10; goes to 4 where there are none. */
static void find_sve(struct out *o)
{
    out_op(o, "add", "x9, sp, #%d", STATE_AT);
    out_text(o, "1:");
    out_op(o, "ldp", "w10, w11, [x9]");
    out_op(o, "cbz", "w10, 4f");
    out_op(o, "mov", "w12, #0x4501");
    out_op(o, "movk", "w12, #0x5356, lsl #16");
    out_op(o, "cmp", "w10, w12");
    out_op(o, "b.eq", "2f");
    out_op(o, "add", "x9, x9, x11");
    out_op(o, "b", "1b");
    out_text(o, "2:");
    out_op(o, "cmp", "w11, #16");
    out_op(o, "b.eq", "4f");
    out_op(o, "ldrh", "w10, [x9, #8]");
    out_op(o, "add", "x9, x9, #16");
}

/* The vectors come first in the record, then the predicates, then FFR. To forget some is to clear them. */
static void forget_sve(struct out *o, const char *name)
{
    int which = name[0] == 'z' ? 0 : name[0] == 'p' ? 1 : 2;
    find_sve(o);
    out_op(o, "lsl", "x12, x10, #5");
    if (which > 0) {
        out_op(o, "add", "x9, x9, x12");
        out_op(o, "lsl", "x12, x10, #1");
    }
    if (which > 1) {
        out_op(o, "add", "x9, x9, x12");
        out_op(o, "lsr", "x12, x10, #3");
    }
    out_text(o, "3:");
    out_op(o, "strb", "wzr, [x9], #1");
    out_op(o, "subs", "x12, x12, #1");
    out_op(o, "b.ne", "3b");
    out_text(o, "4:");
    op(o, "nop");
}

/* The lower 128 bits are in both records. Linux brings back the first, qemu the second. */
static void forget_vector(struct out *o, int n)
{
    out_op(o, "str", "q%d, [sp, #%d]", n, STATE_AT + 16 + 16 * n);
    find_sve(o);
    out_op(o, "mov", "x12, #%d", n);
    out_op(o, "madd", "x9, x10, x12, x9");
    out_op(o, "str", "q%d, [x9]", n);
    out_text(o, "4:");
    op(o, "nop");
}

/* For --drop: what nobody has saved is what the callee left. */
static void write_forget(struct out *o, const char *name)
{
    int n = atoi(name + 1);
    if (!strcmp(name, "fpcr") || !strcmp(name, "fpsr")) {
        out_op(o, "mrs", "x9, %s", name);
        out_op(o, "str", "w9, [sp, #%d]", STATE_AT + (name[2] == 's' ? 8 : 12));
    } else if (!strcmp(name, "nzcv")) {
        out_op(o, "ldr", "x9, [sp, #%d]", FLAGS_AT);
        out_op(o, "and", "x9, x9, #0x0fffffff");
        out_op(o, "str", "x9, [sp, #%d]", FLAGS_AT);
    } else if (name[0] == 'x') {
        out_op(o, "str", "x%d, [sp, #%d]", n, X_AT + 8 * n);
    } else if (name[0] == 'v') {
        forget_vector(o, n);
    } else {
        forget_sve(o, name);
    }
}

static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"msr fpcr, xzr", "msr fpsr, xzr", "ldr x9, [x29, #16]", "blr x9", NULL},
    .back = {"mov x0, sp", "bl arch_uninject", NULL},
    .end = {"mov x8, #139", "svc #0", "brk #0", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_arm64 = {"arm64", file, rows, write_switch, write_preempt};
