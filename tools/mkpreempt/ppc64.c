/* The registers of ppc64 and ppc64le, ELFv1 and ELFv2.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "sigreturn.h"

/* Power ISA 3.1, books I and II: what user code can hold, and AltiVec and VSX. vs0l is what VSX has of register 0 beside f0; its
 * upper 32 registers are v0 to v31. */
static const char file[] = "r0-r31 pc cr xer lr ctr tar msr f0-f31 fpscr vs0l-vs31l v0-v31 vscr vrsave acc0-acc7 "
                           "dscr ppr amr uamor ctrl bescr ebbhr ebbrr tfhar tfiar texasr sprg3 tb dexcr "
                           "mmcr0 mmcr2 mmcra pmc1-pmc6 siar sdar sier";

/* The components are the parts of the kernel's frame; LACKING is what arch_frame_keep adds. */
enum { REGISTERS = 1, FPR, VSX, VMX, LACKING };

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
        "f" #n, 8, SPILLED, NULL, FPR                                                                                              \
    }
#define KEPT_V(n)                                                                                                                  \
    {                                                                                                                              \
        "v" #n, 16, KEPT, NULL, 0                                                                                                  \
    }
#define SPILLED_V(n)                                                                                                               \
    {                                                                                                                              \
        "v" #n, 16, SPILLED, NULL, VMX                                                                                             \
    }

/* clang-format off */
static const struct row rows[] = {
    KEPT_R(14), KEPT_R(15), KEPT_R(16), KEPT_R(17), KEPT_R(18), KEPT_R(19), KEPT_R(20), KEPT_R(21), KEPT_R(22),
    KEPT_R(23), KEPT_R(24), KEPT_R(25), KEPT_R(26), KEPT_R(27), KEPT_R(28), KEPT_R(29), KEPT_R(30), KEPT_R(31),
    KEPT_F(14), KEPT_F(15), KEPT_F(16), KEPT_F(17), KEPT_F(18), KEPT_F(19), KEPT_F(20), KEPT_F(21), KEPT_F(22),
    KEPT_F(23), KEPT_F(24), KEPT_F(25), KEPT_F(26), KEPT_F(27), KEPT_F(28), KEPT_F(29), KEPT_F(30), KEPT_F(31),
    KEPT_V(20), KEPT_V(21), KEPT_V(22), KEPT_V(23), KEPT_V(24), KEPT_V(25),
    KEPT_V(26), KEPT_V(27), KEPT_V(28), KEPT_V(29), KEPT_V(30), KEPT_V(31),
    {"vrsave", 4, KEPT, NULL, 0},
    {"cr", 4, BOTH, NULL, REGISTERS},   /* a call keeps fields 2 to 4 */
    {"lr", 8, BOTH, NULL, REGISTERS},
    {"fpscr", 8, BOTH, NULL, FPR},      /* and the modes here */
    {"vscr", 16, BOTH, NULL, LACKING},

    SPILLED_R(0), SPILLED_R(2), SPILLED_R(3), SPILLED_R(4), SPILLED_R(5), SPILLED_R(6), SPILLED_R(7), SPILLED_R(8), SPILLED_R(9),
    SPILLED_R(10), SPILLED_R(11), SPILLED_R(12),
    {"xer", 8, SPILLED, NULL, REGISTERS},
    {"ctr", 8, SPILLED, NULL, REGISTERS},
    {"tar", 8, SPILLED, NULL, LACKING},
    SPILLED_F(0), SPILLED_F(1), SPILLED_F(2), SPILLED_F(3), SPILLED_F(4), SPILLED_F(5), SPILLED_F(6),
    SPILLED_F(7), SPILLED_F(8), SPILLED_F(9), SPILLED_F(10), SPILLED_F(11), SPILLED_F(12), SPILLED_F(13),
    SPILLED_V(0), SPILLED_V(1), SPILLED_V(2), SPILLED_V(3), SPILLED_V(4), SPILLED_V(5), SPILLED_V(6), SPILLED_V(7), SPILLED_V(8), SPILLED_V(9),
    SPILLED_V(10), SPILLED_V(11), SPILLED_V(12), SPILLED_V(13), SPILLED_V(14), SPILLED_V(15), SPILLED_V(16), SPILLED_V(17), SPILLED_V(18), SPILLED_V(19),
    {"vs0l-vs31l", 8, SPILLED, NULL, VSX},

    {"r1 pc", 8, FIXED, "the context, and the record", 0},
    {"r13", 8, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"msr", 8, FIXED, "not for user code; in the kernel's frame", 0},
    {"acc0-acc7", 64, FIXED, "the same bits as vs0 to vs31", 0},
    {"tfhar tfiar texasr", 8, FIXED, "arch_inject refuses a frame within a transaction", 0},
    {"dscr ppr", 8, FIXED, "how fast, not what: the thread's prefetching and priority", 0},
    {"amr uamor dexcr", 8, FIXED, "the thread's rights, not the code's", 0},
    {"bescr ebbhr ebbrr", 8, FIXED, "of a thread that the kernel counts events for", 0},
    {"mmcr0 mmcr2 mmcra pmc1-pmc6 siar sdar sier", 8, FIXED, "the same", 0},
    {"ctrl sprg3 tb", 8, FIXED, "can only be read", 0},
    {0},
};
/* clang-format on */

static void op(struct out *o, const char *name)
{
    out_op(o, name, "%s", "");
}

/* ---- arch_switch ---- */

enum {
    CONTEXT = 544,
    CR_AT = 8,
    VRSAVE_AT = 12,
    LINK_AT = 16,
    TOC_AT = 24,
    PC_AT = 32,
    FPSCR_AT = 40,
    R_AT = 48,
    F_AT = 192,
    V_AT = 336,
    VSCR_AT = 528
};

/* In unwind information: f0, lr, cr2, v0. */
enum { DWARF_F = 32, DWARF_LR = 65, DWARF_CR = 70, DWARF_V = 77 };

static bool drops(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return frame_drops(f, row);
    die("%s: no row %s", f->cpu->name, name);
}

/* Of a row that arch_switch keeps: its kind, which is its first letter, its number, and its place; 0: it is none of these. */
static int place_of(const struct row *row, int *dwarf)
{
    char *end;
    int n = (int)strtol(row->names + 1, &end, 10);
    if (*end || end == row->names + 1 || row->fate != KEPT)
        return 0;
    *dwarf = n + (row->names[0] == 'r' ? 0 : row->names[0] == 'f' ? DWARF_F : DWARF_V);
    return row->names[0] == 'r' ? R_AT + 8 * (n - 14) : row->names[0] == 'f' ? F_AT + 8 * (n - 14) : V_AT + 16 * (n - 20);
}

static void move(struct out *o, const struct row *row, int at, bool load)
{
    if (row->names[0] == 'v') {
        out_op(o, "li", "%%r12, %d", at);
        out_op(o, load ? "lvx" : "stvx", "%%%s, %%r12, %%r1", row->names);
    } else if (row->names[0] == 'f') {
        out_op(o, load ? "lfd" : "stfd", "%%%s, %d(%%r1)", row->names, at);
    } else {
        out_op(o, load ? "ld" : "std", "%%%s, %d(%%r1)", row->names, at);
    }
}

/* All of them, or all of a kind. */
static void move_kept(struct out *o, const struct frame *f, bool vectors, bool load)
{
    int dwarf, at;
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if ((at = place_of(row, &dwarf)) != 0 && (row->names[0] == 'v') == vectors && !frame_drops(f, row))
            move(o, row, at, load);
}

static void place_kept(struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (frame_saves(f, row))
            frame_place(f, row);
}

static void unwind_kept(struct out *o, const struct frame *f, bool kept)
{
    int dwarf, at;
    if (kept)
        out_op(o, ".cfi_offset", "%d, %d", DWARF_LR, PC_AT - CONTEXT);
    else
        out_op(o, ".cfi_restore", "%d", DWARF_LR);
    if (kept)
        out_op(o, ".cfi_offset", "%d, %d", DWARF_CR, CR_AT - CONTEXT);
    else
        out_op(o, ".cfi_restore", "%d", DWARF_CR);
    for (const struct row *row = f->cpu->rows; row->names; row++) {
        if ((at = place_of(row, &dwarf)) == 0)
            continue;
        if (kept)
            out_op(o, ".cfi_offset", "%d, %d", dwarf, at - CONTEXT);
        else
            out_op(o, ".cfi_restore", "%d", dwarf);
    }
}

static void switch_save(struct out *o, struct frame *f)
{
    out_op(o, "mflr", "%%r0");
    out_op(o, "mffs", "%%f0");
    out_op(o, "mfcr", "%%r12");
    out_op(o, "stdu", "%%r1, -%d(%%r1)", CONTEXT);
    out_op(o, ".cfi_def_cfa_offset", "%d", CONTEXT);
    out_op(o, "stfd", "%%f0, %d(%%r1)", FPSCR_AT);
    out_op(o, "stw", "%%r12, %d(%%r1)", CR_AT);
    if (drops(f, "lr"))
        out_op(o, "li", "%%r0, 0");
    out_op(o, "std", "%%r0, %d(%%r1)", LINK_AT);
    out_op(o, "std", "%%r0, %d(%%r1)", PC_AT);
    out_op(o, "std", "%%r2, %d(%%r1)", TOC_AT);
    move_kept(o, f, false, false);
    out_text(o, "        UNLESS_VECTORS %%r12, 1f\n");
    move_kept(o, f, true, false);
    out_op(o, "mfvscr", "%%v0");
    out_op(o, "li", "%%r12, %d", VSCR_AT);
    out_op(o, "stvx", "%%v0, %%r12, %%r1");
    out_op(o, "mfspr", "%%r12, 256");
    out_op(o, "stw", "%%r12, %d(%%r1)", VRSAVE_AT);
    out_text(o, "1:\n");
    unwind_kept(o, f, true);
    out_op(o, "ld", "%%r11, %d(%%r1)", FPSCR_AT);
    out_op(o, "std", "%%r1, 0(%%r3)");
}

/* Which result FPSCR tells of, is nobody's business: fields FR, FI, FPRF. */
static void switch_load(struct out *o, struct frame *f)
{
    out_op(o, "mr", "%%r1, %%r4");
    out_op(o, "ld", "%%r12, %d(%%r1)", FPSCR_AT);
    out_op(o, "xor", "%%r11, %%r11, %%r12");
    out_op(o, "rldicl.", "%%r11, %%r11, 45, 7");
    out_op(o, "bne", "3f");
    out_text(o, "1:");
    out_text(o, "      UNLESS_VECTORS %%r12, 2f\n");
    out_op(o, "li", "%%r12, %d", VSCR_AT);
    out_op(o, "lvx", "%%v1, %%r12, %%r1");
    out_op(o, "vcmpequw.", "%%v2, %%v0, %%v1");
    out_op(o, "bge", "6, 4f");
    out_text(o, "5:");
    if (!drops(f, "vrsave")) {
        out_op(o, "lwz", "%%r12, %d(%%r1)", VRSAVE_AT);
        out_op(o, "mtspr", "256, %%r12");
    }
    move_kept(o, f, true, true);
    out_text(o, "2:\n");
    op(o, ".cfi_remember_state");
    move_kept(o, f, false, true);
    out_op(o, "lwz", "%%r11, %d(%%r1)", CR_AT);
    out_op(o, "ld", "%%r0, %d(%%r1)", LINK_AT);
    out_op(o, "ld", "%%r12, %d(%%r1)", PC_AT);
    out_op(o, "ld", "%%r2, %d(%%r1)", TOC_AT);
    if (!drops(f, "cr"))
        out_op(o, "mtcrf", "0x38, %%r11");
    out_op(o, "mtlr", "%%r0");
    out_op(o, "mtctr", "%%r12");
    out_op(o, "addi", "%%r1, %%r1, %d", CONTEXT);
    unwind_kept(o, f, false);
    out_op(o, ".cfi_def_cfa_offset", "0");
    out_op(o, "bctr", "%s", "");
    op(o, ".cfi_restore_state");
    out_text(o, "3:");
    out_op(o, "lfd", "%%f0, %d(%%r1)", FPSCR_AT);
    if (!drops(f, "fpscr"))
        out_op(o, "mtfsf", "255, %%f0, 1, 0");
    out_op(o, "b", "1b");
    out_text(o, "4:");
    if (!drops(f, "vscr"))
        out_op(o, "mtvscr", "%%v1");
    out_op(o, "b", "5b");
}

/* The control words hardly ever differ, and loading them costs more than comparing. */
static void write_switch(struct out *o, struct frame *f)
{
    out_text(o, " *\n * arch_switch(void **save: r3, void *load: r4). The stack that it leaves is struct context in context.c.\n"
                " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n\nFUNC(arch_switch)\n");
    place_kept(f);
    switch_save(o, f);
    out_text(o, "\n");
    switch_load(o, f);
    out_text(o, "END(arch_switch)\n");
    sigreturn_write_end(o, "65", "trap", "");
}

/* ---- arch_preempt ---- */

/* In the kernel's frame, from the record on: the general registers, FPSCR, the pointer to the vectors; TAR, VSCR. */
enum { KERNEL_R = 184, KERNEL_F = 568, KERNEL_FPSCR = 824, POINTER = 832, TAR_AT = 48, OWN_VSCR_AT = 56 };
enum { INDEX_CTR = 35, INDEX_LR = 36, INDEX_XER = 37, INDEX_CR = 38, NIP = 67 /* a column of its own, as Linux has it */ };

/* What a call keeps of the conditions, it keeps. */
static void write_unwind(struct out *o)
{
    out_op(o, ".cfi_return_column", "%d", NIP);
    out_op(o, ".cfi_def_cfa", "31, 0");
    out_op(o, ".cfi_offset", "31, 0");
    out_op(o, ".cfi_offset", "%d, 8", NIP);
    out_op(o, ".cfi_offset", "1, 24");
    for (int n = 0; n < 31; n++)
        if (n != 1)
            out_op(o, ".cfi_offset", "%d, %d", n, KERNEL_R + 8 * n);
    out_op(o, ".cfi_offset", "%d, %d", DWARF_LR, KERNEL_R + 8 * INDEX_LR);
}

static void forget_word(struct out *o, int at)
{
    out_op(o, "li", "%%r0, 0");
    out_op(o, "std", "%%r0, %d(%%r31)", at);
}

static void forget_halves(struct out *o)
{
    out_op(o, "li", "%%r0, 0");
    out_op(o, "ld", "%%r9, %d(%%r31)", POINTER);
    for (int n = 0; n < 32; n++)
        out_op(o, "std", "%%r0, %d(%%r9)", 34 * 16 + 8 * n);
}

static void forget_vscr(struct out *o)
{
    out_op(o, "vspltisw", "%%v0, 0");
    out_op(o, "mtvscr", "%%v0");
    out_op(o, "ld", "%%r9, %d(%%r31)", POINTER);
    out_op(o, "li", "%%r12, 512");
    out_op(o, "stvx", "%%v0, %%r12, %%r9");
}

static void forget_numbered(struct out *o, const char *name)
{
    int n = atoi(name + 1);
    if (name[0] == 'r') {
        forget_word(o, KERNEL_R + 8 * n);
    } else if (name[0] == 'f') {
        forget_word(o, KERNEL_F + 8 * n);
    } else {
        out_op(o, "ld", "%%r9, %d(%%r31)", POINTER);
        out_op(o, "vspltisw", "%%v0, -1");
        out_op(o, "li", "%%r12, %d", 16 * n);
        out_op(o, "stvx", "%%v0, %%r12, %%r9");
    }
}

/* For --drop: what nobody has saved may be anything. r3 is in use. */
static void write_forget(struct out *o, const char *name)
{
    if (!strcmp(name, "cr"))
        forget_word(o, KERNEL_R + 8 * INDEX_CR);
    else if (!strcmp(name, "lr"))
        forget_word(o, KERNEL_R + 8 * INDEX_LR);
    else if (!strcmp(name, "xer"))
        forget_word(o, KERNEL_R + 8 * INDEX_XER);
    else if (!strcmp(name, "ctr"))
        forget_word(o, KERNEL_R + 8 * INDEX_CTR);
    else if (!strcmp(name, "fpscr"))
        forget_word(o, KERNEL_FPSCR);
    else if (!strcmp(name, "vscr"))
        forget_vscr(o);
    else if (!strcmp(name, "tar"))
        out_op(o, "mtspr", "815, %%r31");
    else if (!strncmp(name, "vs", 2))
        forget_halves(o);
    else
        forget_numbered(o, name);
}

static const struct sigreturn cpu = {
    .write_unwind = write_unwind,
    .write_forget = write_forget,
    .fresh = {"mr %r3, %r31", "CALL arch_injected", NULL},
    .back = {NULL},
    .end = {"mtctr %r3", "bctr", "trap", NULL},
};

static void write_preempt(struct out *o, struct frame *f)
{
    sigreturn_write_preempt(o, f, &cpu);
}

const struct cpu cpu_ppc64 = {"ppc64", file, rows, write_switch, write_preempt};
