/* The registers of the 386, System V ABI.
 *
 * SPDX-License-Identifier: MIT
 */
#include "x86.h"

/* Intel SDM vol. 1 chapters 3, 8, 10, 13 to 17; what 32-bit user code can hold. ymm0h is the upper half of ymm0. */
static const char file[] = "eax ebx ecx edx esi edi ebp esp eip eflags cs ds es fs gs ss "
                           "st0-st7 x87_control x87_status x87_tag x87_opcode x87_pc x87_data "
                           "mxcsr xmm0-xmm7 ymm0h-ymm7h zmm0h-zmm7h k0-k7 bnd0-bnd3 bndcfgu bndstatus pkru ssp";

static const struct row rows[] = {
    {"ebp", 4, KEPT, NULL, 0},
    {"ebx", 4, KEPT, NULL, 0},
    {"esi", 4, KEPT, NULL, 0},
    {"edi", 4, KEPT, NULL, 0},

    {"eflags", 4, SPILLED, NULL, 0},
    {"eax", 4, SPILLED, NULL, 0},
    {"ecx", 4, SPILLED, NULL, 0},
    {"edx", 4, SPILLED, NULL, 0},

    {"mxcsr", 4, BOTH, NULL, SSE},
    {"x87_control", 2, BOTH, NULL, X87},
    {"st0-st7 x87_status x87_tag x87_opcode x87_pc x87_data", 10, SPILLED, NULL, X87},
    {"xmm0-xmm7", 16, SPILLED, NULL, SSE},
    {"ymm0h-ymm7h", 16, SPILLED, NULL, AVX},
    {"bnd0-bnd3", 16, SPILLED, NULL, BNDREGS},
    {"bndcfgu bndstatus", 8, SPILLED, NULL, BNDCSR},
    {"k0-k7", 8, SPILLED, NULL, OPMASK},
    {"zmm0h-zmm7h", 32, SPILLED, NULL, ZMM_HIGH},

    {"esp eip", 4, FIXED, "the context, and the return address or the entry record", 0},
    {"cs ds es fs ss", 2, FIXED, "the same in every thread, and no compiler changes them", 0},
    {"gs", 2, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"pkru", 4, FIXED, "the thread's access rights, not the code's", 0},
    {"ssp", 4, FIXED, "Linux has no shadow stacks for 32-bit programs", 0},
    {0},
};

static void get_arguments(struct out *o)
{
    out_op(o, "mov", "4(%%esp), %%eax");
    out_op(o, "mov", "8(%%esp), %%edx");
}

/* Position-independent without a helper of the compiler's, whose name each compiler chooses. */
static void get_state(struct out *o, bool unwinds_by_sp)
{
    out_op(o, "call", "9f");
    if (unwinds_by_sp)
        out_op(o, ".cfi_adjust_cfa_offset", "4");
    out_text(o, "9:");
    out_op(o, "pop", "%%ecx");
    if (unwinds_by_sp)
        out_op(o, ".cfi_adjust_cfa_offset", "-4");
    out_op(o, "add", "$_GLOBAL_OFFSET_TABLE_ + (. - 9b), %%ecx");
    out_op(o, "lea", "arch_state@GOTOFF(%%ecx), %%ecx");
}

static const struct x86 mode = {
    .word = 4,
    .sp = "esp",
    .bp = "ebp",
    .a = "eax",
    .b = "ebx",
    .c = "ecx",
    .flags = "eflags",
    .pc = "eip",
    .save = "eax",
    .load = "edx",
    .push_flags = "pushfl",
    .pop_flags = "popfl",
    .wide = "",
    .dwarf_sp = 4,
    .red_zone = 0,
    .callee = 32,
    .fnsave = true,
    .get_arguments = get_arguments,
    .get_state = get_state,
};

static void write_switch(struct out *o, struct frame *f)
{
    x86_write_switch(o, f, &mode);
}

static void write_preempt(struct out *o, struct frame *f)
{
    x86_write_preempt(o, f, &mode);
}

const struct cpu cpu_386 = {"386", file, rows, write_switch, write_preempt};
