/* arch_preempt for CPUs whose injected call returns through the kernel, and where their contexts end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigreturn.h"
#include <stdio.h>
#include <string.h>

static void write_ops(struct out *o, const char *const *ops)
{
    for (; *ops; ops++) {
        char name[16];
        size_t size = strcspn(*ops, " ");
        snprintf(name, sizeof(name), "%.*s", (int)size, *ops);
        out_op(o, name, "%s", (*ops)[size] ? *ops + size + 1 : "");
    }
}

void sigreturn_write_preempt(struct out *o, struct frame *f, const struct sigreturn *s)
{
    out_text(
        o,
        " *\n"
        " * arch_preempt: what an interrupted instruction seems to have called. arch_inject starts it with stack and frame pointer "
        "at\n"
        " * the lower end of the kernel's frame, which holds all registers, and a record of those that arch_inject had to change.\n"
        " *\n * SPDX-License-Identifier: MIT\n */\n"
        "#include \"arch/asm.h\"\n\nFUNC(arch_preempt)\n");
    out_op(o, ".cfi_signal_frame", "%s", "");
    s->write_unwind(o);
    write_ops(o, s->fresh);
    frame_place_block(f);
    write_ops(o, s->back);
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (frame_saves(f, row) && frame_drops(f, row))
            s->write_forget(o, row->names);
    write_ops(o, s->end);
    out_text(o, "END(arch_preempt)\n");
}

void sigreturn_write_end(struct out *o, const char *pc, const char *trap, const char *operands)
{
    out_text(o, "\n/* Where the entry of a new context would return to. The instruction before the label is for unwinders, which "
                "look at the byte\n"
                " * before a return address. */\n"
                "FUNC(arch_end_code)\n");
    out_op(o, ".cfi_undefined", "%s", pc);
    out_op(o, ".cfi_def_cfa_offset", "0");
    out_op(o, trap, "%s", operands);
    out_op(o, ".globl", "arch_end");
    out_op(o, ".hidden", "arch_end");
    out_text(o, "arch_end:\n");
    out_op(o, trap, "%s", operands);
    out_text(o, "END(arch_end_code)\n");
}
