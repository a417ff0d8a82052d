/* The registers of amd64, System V ABI.
 *
 * SPDX-License-Identifier: MIT
 */
#include "x86.h"

/* Intel SDM vol. 1 chapters 3, 8, 10, 13 to 18, and the APX specification; what user code can hold. ymm0h is the upper half of
 * ymm0. */
static const char file[] = "rax rbx rcx rdx rsi rdi rbp rsp r8-r15 r16-r31 rip rflags cs ds es fs gs ss fs_base gs_base "
                           "st0-st7 x87_control x87_status x87_tag x87_opcode x87_pc x87_data "
                           "mxcsr xmm0-xmm15 ymm0h-ymm15h zmm0h-zmm15h zmm16-zmm31 k0-k7 "
                           "bnd0-bnd3 bndcfgu bndstatus pkru tilecfg tmm0-tmm7 ssp uif";

static const struct row rows[] = {
    {"rbp", 8, KEPT, NULL, 0},
    {"rbx", 8, KEPT, NULL, 0},
    {"r12", 8, KEPT, NULL, 0},
    {"r13", 8, KEPT, NULL, 0},
    {"r14", 8, KEPT, NULL, 0},
    {"r15", 8, KEPT, NULL, 0},

    {"rflags", 8, SPILLED, NULL, 0},
    {"rax", 8, SPILLED, NULL, 0},
    {"rcx", 8, SPILLED, NULL, 0},
    {"rdx", 8, SPILLED, NULL, 0},
    {"rsi", 8, SPILLED, NULL, 0},
    {"rdi", 8, SPILLED, NULL, 0},
    {"r8", 8, SPILLED, NULL, 0},
    {"r9", 8, SPILLED, NULL, 0},
    {"r10", 8, SPILLED, NULL, 0},
    {"r11", 8, SPILLED, NULL, 0},

    {"mxcsr", 4, BOTH, NULL, SSE},
    {"x87_control", 2, BOTH, NULL, X87},
    {"st0-st7 x87_status x87_tag x87_opcode x87_pc x87_data", 10, SPILLED, NULL, X87},
    {"xmm0-xmm15", 16, SPILLED, NULL, SSE},
    {"ymm0h-ymm15h", 16, SPILLED, NULL, AVX},
    {"bnd0-bnd3", 16, SPILLED, NULL, BNDREGS},
    {"bndcfgu bndstatus", 8, SPILLED, NULL, BNDCSR},
    {"k0-k7", 8, SPILLED, NULL, OPMASK},
    {"zmm0h-zmm15h", 32, SPILLED, NULL, ZMM_HIGH},
    {"zmm16-zmm31", 64, SPILLED, NULL, ZMM_16},
    {"r16-r31", 8, SPILLED, NULL, APX},

    {"rsp rip", 8, FIXED, "the context, and the return address or the entry record", 0},
    {"cs ds es fs gs ss", 2, FIXED, "the same in every thread, and no compiler changes them", 0},
    {"fs_base gs_base", 8, FIXED, "the thread's identity, which the scheduler hands over", 0},
    {"pkru", 4, FIXED, "the thread's access rights, not the code's", 0},
    {"tilecfg", 64, FIXED, "arch_inject refuses a frame that holds tiles", 0},
    {"tmm0-tmm7", 1024, FIXED, "arch_inject refuses a frame that holds tiles", 0},
    {"ssp", 8, FIXED, "the library turns shadow stacks off: its assembly is not marked for them", 0},
    {"uif", 1, FIXED, "Linux has no user interrupts", 0},
    {0},
};

static void get_arguments(struct out *o)
{
    (void)o; /* they are in registers */
}

static void get_state(struct out *o, bool unwinds_by_sp)
{
    (void)unwinds_by_sp; /* the stack stays as it is */
    out_op(o, "lea", "arch_state(%%rip), %%rcx");
}

static const struct x86 mode = {
    .word = 8,
    .sp = "rsp",
    .bp = "rbp",
    .a = "rax",
    .b = "rbx",
    .c = "rcx",
    .flags = "rflags",
    .pc = "rip",
    .save = "rdi",
    .load = "rsi",
    .push_flags = "pushfq",
    .pop_flags = "popfq",
    .wide = "64",
    .dwarf_sp = 7,
    .red_zone = 128,
    .callee = 16,
    .sse_for_sure = true,
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

const struct cpu cpu_amd64 = {"amd64", file, rows, write_switch, write_preempt};
