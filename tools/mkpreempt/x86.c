/* arch_switch and arch_preempt for amd64 and 386.
 *
 * SPDX-License-Identifier: MIT
 */
#include "x86.h"
#include <stdio.h>
#include <string.h>

static void op(struct out *o, const char *name)
{
    out_op(o, name, "%s", "");
}

static void sp_add(struct out *o, const struct x86 *x, int bytes)
{
    out_op(o, "lea", "%d(%%%s), %%%s", bytes, x->sp, x->sp); /* leaves the flags alone, unlike add */
}

static const struct row *find_row(const struct frame *f, const char *name)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (!strcmp(row->names, name))
            return row;
    die("%s: no row %s", f->cpu->name, name);
}

/* ---- pushing and popping ---- */

static void push(struct out *o, struct frame *f, const struct x86 *x, const struct row *row)
{
    frame_place(f, row);
    if (frame_drops(f, row))
        sp_add(o, x, -x->word);
    else if (!strcmp(row->names, x->flags))
        op(o, x->push_flags);
    else
        out_op(o, "push", "%%%s", row->names);
}

static void pop(struct out *o, struct frame *f, const struct x86 *x, const struct row *row)
{
    if (frame_drops(f, row))
        sp_add(o, x, x->word);
    else if (!strcmp(row->names, x->flags))
        op(o, x->pop_flags);
    else
        out_op(o, "pop", "%%%s", row->names);
}

/* The registers to push as an array, because popping goes backwards. The control words (BOTH) are not pushed. */
static int collect(struct frame *f, const struct row **slots)
{
    int count = 0;
    FOR_EACH_SLOT(row, f)
    if (row->fate != BOTH)
        slots[count++] = row;
    return count;
}

/* ---- arch_switch ---- */

static void switch_push(struct out *o, struct frame *f, const struct x86 *x)
{
    const struct row *slots[ROWS_MAX];
    int count = collect(f, slots);

    for (int i = 0; i < count; i++) {
        push(o, f, x, slots[i]);
        out_op(o, ".cfi_adjust_cfa_offset", "%d", x->word);
        out_op(o, ".cfi_rel_offset", "%s, 0", slots[i]->names);
    }
    sp_add(o, x, -8);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", 8);
}

static void switch_pop(struct out *o, struct frame *f, const struct x86 *x)
{
    const struct row *slots[ROWS_MAX];
    int count = collect(f, slots);

    sp_add(o, x, 8);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", -8);
    while (count--) {
        pop(o, f, x, slots[count]);
        out_op(o, ".cfi_adjust_cfa_offset", "%d", -x->word);
        out_op(o, ".cfi_restore", "%s", slots[count]->names);
    }
    op(o, "ret");
}

/* stmxcsr or ldmxcsr, stepped over where a CPU may lack it. */
static void switch_mxcsr(struct out *o, struct frame *f, const struct x86 *x, const char *instruction)
{
    if (frame_drops(f, find_row(f, "mxcsr")))
        return;
    if (!x->sse_for_sure) {
        out_op(o, "cmpl", "$0, X86_STATE_SSE(%%%s)", x->c);
        out_op(o, "je", "3f");
    }
    out_op(o, instruction, "(%%%s)", x->sp);
    if (!x->sse_for_sure)
        out_text(o, "3:\n");
}

/* MXCSR is loaded always, because that measures as cheap as a comparison. The x87 word hardly ever differs, and loading it costs
 * more than comparing. */
static void switch_body(struct out *o, struct frame *f, const struct x86 *x, bool x87)
{
    if (!x->sse_for_sure)
        x->get_state(o, true);
    switch_mxcsr(o, f, x, "stmxcsr");
    if (x87)
        out_op(o, "fnstcw", "4(%%%s)", x->sp);
    out_op(o, "mov", "%%%s, (%%%s)", x->sp, x->save);
    if (x87)
        out_op(o, "movzwl", "4(%%%s), %%eax", x->sp);
    out_text(o, "\n");
    out_op(o, "mov", "%%%s, %%%s", x->load, x->sp);
    switch_mxcsr(o, f, x, "ldmxcsr");
    if (x87) {
        out_op(o, "cmp", "%%ax, 4(%%%s)", x->sp);
        out_op(o, "jne", "2f");
    }
}

static void write_end(struct out *o, const struct x86 *x)
{
    out_text(o, "\n/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which "
                "look at the byte\n"
                " * before a return address. */\n"
                "FUNC(arch_end_code)\n");
    out_op(o, ".cfi_undefined", "%s", x->pc);
    out_op(o, ".cfi_def_cfa_offset", "0");
    op(o, "ud2");
    out_op(o, ".globl", "arch_end");
    out_op(o, ".hidden", "arch_end");
    out_text(o, "arch_end:\n");
    op(o, "ud2");
    out_text(o, "END(arch_end_code)\n");
}

void x86_write_switch(struct out *o, struct frame *f, const struct x86 *x)
{
    bool x87 = !frame_drops(f, find_row(f, "x87_control"));

    out_text(o, " *\n * arch_switch(void **save: %s, void *load: %s). The stack that it leaves is struct context in context.c.\n",
             x->save, x->load);
    out_text(
        o,
        " *\n * SPDX-License-Identifier: MIT\n */\n#include \"arch/asm.h\"\n#include \"arch/x86/state.h\"\n\nFUNC(arch_switch)\n");
    x->get_arguments(o);
    switch_push(o, f, x);
    frame_place(f, find_row(f, "mxcsr"));
    frame_place(f, find_row(f, "x87_control"));
    switch_body(o, f, x, x87);
    out_text(o, "1:\n");
    op(o, ".cfi_remember_state");
    switch_pop(o, f, x);
    op(o, ".cfi_restore_state");
    if (x87) {
        out_text(o, "2:");
        out_op(o, "fldcw", "4(%%%s)", x->sp);
        out_op(o, "jmp", "1b");
    }
    out_text(o, "END(arch_switch)\n");
    write_end(o, x);
}

/* ---- arch_preempt ---- */

static void preempt_head(struct out *o, const struct x86 *x)
{
    out_text(
        o, " *\n"
           " * arch_preempt: what an interrupted instruction seems to have called. trap.c starts it with the stack pointer at the\n"
           " * entry record: the pc, the address below the red zone where the last instruction looks for it, the callee, and where "
           "to\n"
           " * save the vector and floating-point state.\n"
           " *\n * SPDX-License-Identifier: MIT\n */\n"
           "#include \"arch/asm.h\"\n#include \"arch/x86/state.h\"\n\n");
    out_text(o, "#define PC      %d(%%%s)\n", x->word, x->bp);
    out_text(o, "#define PC_SLOT %d(%%%s)\n", 2 * x->word, x->bp);
    out_text(o, "#define CALLEE  %d(%%%s)\n", x->word + x->callee, x->bp);
    out_text(o, "#define AREA    %d(%%%s)\n", 2 * x->word + x->callee, x->bp);
    out_text(o, "#define FLAGS   %d(%%%s)\n", -x->word, x->bp);
    out_text(o, "#define FLAG_AC 0x40000\n\nFUNC(arch_preempt)\n");
}

/* For unwinders the CFA is the end of pc and pc slot, so that all that is saved has a fixed distance from it; the interrupted stack
 * pointer is the pc slot's value plus the word there and the red zone. */
static void preempt_unwind(struct out *o, const struct x86 *x)
{
    unsigned above = (unsigned)(x->word + x->red_zone);

    op(o, ".cfi_signal_frame");
    out_op(o, ".cfi_def_cfa", "%s, %d", x->sp, 2 * x->word);
    out_op(o, ".cfi_offset", "%s, %d", x->pc, -2 * x->word);
    out_op(o, ".cfi_escape", "0x16, %d, 6, 0x%x, 0x1c, 6, 0x23, 0x%x, %u", x->dwarf_sp, 0x30 + x->word, (above & 0x7f) | 0x80,
           above >> 7);
    out_note(o, "%s: *(CFA - %d) + %u", x->sp, x->word, above);
}

static void preempt_push(struct out *o, struct frame *f, const struct x86 *x)
{
    out_op(o, "push", "%%%s", x->bp);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", x->word);
    out_op(o, ".cfi_rel_offset", "%s, 0", x->bp);
    out_op(o, "mov", "%%%s, %%%s", x->sp, x->bp);
    out_op(o, ".cfi_def_cfa_register", "%s", x->bp);
    FOR_EACH_SLOT(row, f)
    {
        push(o, f, x, row);
        if (strcmp(row->names, x->flags))
            out_op(o, ".cfi_offset", "%s, %d", row->names, -3 * x->word - f->size);
    }
    out_op(o, "push", "%%%s", x->b);
    out_op(o, ".cfi_offset", "%s, %d", x->b, -4 * x->word - f->size);
}

/* What compiled code expects of the flags; and the pc to where the last instruction finds it, now that the kernel's frame, which
 * may have covered that word, has served. */
static void preempt_settle(struct out *o, const struct x86 *x)
{
    op(o, "cld");
    out_op(o, "testl", "$FLAG_AC, FLAGS");
    out_op(o, "jz", "1f");
    op(o, x->push_flags);
    out_op(o, "andl", "$~FLAG_AC, (%%%s)", x->sp);
    op(o, x->pop_flags);
    out_text(o, "1:");
    out_op(o, "mov", "PC, %%%s", x->a);
    out_op(o, "mov", "PC_SLOT, %%%s", x->c);
    out_op(o, "mov", "%%%s, (%%%s)", x->a, x->c);
    out_text(o, "\n");
}

/* The components to save in edx:eax. */
static void block_mask(struct out *o, const struct frame *f, const struct x86 *x)
{
    unsigned dropped = 0;

    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (row->component && row->fate == SPILLED && frame_drops(f, row))
            dropped |= 1u << (row->component - 1);
    out_op(o, "mov", "X86_STATE_MASK(%%%s), %%eax", x->c);
    out_op(o, "mov", "X86_STATE_MASK + 4(%%%s), %%edx", x->c);
    if (dropped)
        out_op(o, "and", "$~0x%x, %%eax", dropped);
}

/* Goes to 3 if the machine has FXSAVE only, and to 4 if it has not even that. */
static void block_unless_xsave(struct out *o, const struct x86 *x)
{
    out_op(o, "cmpl", "$X86_FXSAVE, X86_STATE_KIND(%%%s)", x->c);
    out_op(o, "je", "3f");
    if (x->fnsave)
        out_op(o, "jb", "4f");
}

static void block_op(struct out *o, const struct x86 *x, const char *label, const char *instruction)
{
    char name[16];
    snprintf(name, sizeof(name), "%s%s", instruction, x->wide);
    out_text(o, "%s", label);
    out_op(o, name, "(%%%s)", x->b);
}

/* The header must be zero, because XSAVE only adds to it and XSAVEC writes only its first half. */
static void block_clear_header(struct out *o, const struct x86 *x)
{
    out_op(o, "xor", "%%eax, %%eax");
    for (int at = 512; at < 576; at += x->word)
        out_op(o, "mov", "%%%s, %d(%%%s)", x->a, at, x->b);
}

static void block_save(struct out *o, struct frame *f, const struct x86 *x)
{
    out_op(o, "mov", "AREA, %%%s", x->b);
    x->get_state(o, false);
    block_unless_xsave(o, x);
    block_clear_header(o, x);
    block_mask(o, f, x);
    out_op(o, "cmpl", "$X86_XSAVE, X86_STATE_KIND(%%%s)", x->c);
    out_op(o, "je", "1f");
    block_op(o, x, "", "xsavec");
    out_op(o, "jmp", "2f");
    block_op(o, x, "1:", "xsave");
    out_text(o, "2:");
    out_op(o, "test", "$X86_AVX, %%al");
    out_op(o, "jz", "5f");
    op(o, "vzeroupper");
    out_op(o, "jmp", "5f");
    if (x->fnsave) {
        block_op(o, x, "4:", "fnsave");
        out_op(o, "jmp", "5f");
    }
    block_op(o, x, "3:", "fxsave");
    frame_place_block(f);
}

/* The callee must not take a pending x87 exception, run under the user's masks, or find the x87 stack full. (XRSTOR of an initial
 * state would do as well, but takes as long as saving.) */
static void block_refresh(struct out *o, const struct x86 *x)
{
    out_text(o, "5:");
    op(o, "fninit");
    if (!x->sse_for_sure) {
        out_op(o, "cmpl", "$0, X86_STATE_SSE(%%%s)", x->c);
        out_op(o, "je", "6f");
    }
    out_op(o, "ldmxcsr", "X86_STATE_MXCSR(%%%s)", x->c);
    if (!x->sse_for_sure)
        out_text(o, "6:\n");
}

/* For --drop: a control word that was not saved is what the callee left. */
static void block_forget(struct out *o, const struct frame *f, const struct x86 *x)
{
    if (frame_drops(f, find_row(f, "mxcsr")))
        out_op(o, "ldmxcsr", "X86_STATE_MXCSR(%%%s)", x->c);
    if (frame_drops(f, find_row(f, "x87_control")))
        out_op(o, "fldcw", "X86_STATE_X87(%%%s)", x->c);
}

static void block_restore(struct out *o, const struct frame *f, const struct x86 *x)
{
    x->get_state(o, false);
    block_unless_xsave(o, x);
    block_mask(o, f, x);
    block_op(o, x, "", "xrstor");
    out_op(o, "jmp", "5f");
    block_op(o, x, "3:", "fxrstor");
    if (x->fnsave) {
        out_op(o, "jmp", "5f");
        block_op(o, x, "4:", "frstor");
    }
    out_text(o, "5:\n");
    block_forget(o, f, x);
}

static void preempt_pop(struct out *o, struct frame *f, const struct x86 *x)
{
    const struct row *slots[ROWS_MAX];
    int count = collect(f, slots);

    out_op(o, "lea", "%d(%%%s), %%%s", -f->size - x->word, x->bp, x->sp);
    out_op(o, "pop", "%%%s", x->b);
    while (count--)
        pop(o, f, x, slots[count]);
    out_op(o, "pop", "%%%s", x->bp);
    out_op(o, ".cfi_restore", "%s", x->bp);
    out_op(o, ".cfi_def_cfa", "%s, %d", x->sp, 2 * x->word);
}

/* From here on no register may change, the flags included, but the stack pointer. */
static void preempt_return(struct out *o, const struct x86 *x)
{
    sp_add(o, x, x->word);
    out_op(o, ".cfi_adjust_cfa_offset", "%d", -x->word);
    out_op(o, "pop", "%%%s", x->sp);
    out_note(o, "the pc slot");
    out_op(o, ".cfi_restore", "%s", x->sp);
    out_op(o, ".cfi_def_cfa", "%s, %d", x->sp, x->word + x->red_zone);
    out_op(o, ".cfi_offset", "%s, %d", x->pc, -x->word - x->red_zone);
    if (x->red_zone)
        out_op(o, "ret", "$%d", x->red_zone);
    else
        op(o, "ret");
    out_text(o, "END(arch_preempt)\n");
}

void x86_write_preempt(struct out *o, struct frame *f, const struct x86 *x)
{
    preempt_head(o, x);
    preempt_unwind(o, x);
    preempt_push(o, f, x);
    preempt_settle(o, x);
    block_save(o, f, x);
    block_refresh(o, x);
    out_text(o, "\n");
    out_op(o, "and", "$-16, %%%s", x->sp);
    out_op(o, "call", "*CALLEE");
    out_text(o, "\n");
    block_restore(o, f, x);
    preempt_pop(o, f, x);
    preempt_return(o, x);
}
