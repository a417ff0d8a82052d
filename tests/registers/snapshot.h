/* Everything that a stopped thread's code can see in the CPU, and near its stack pointer; and where two of these differ.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REGISTERS_SNAPSHOT_H
#define TESTS_REGISTERS_SNAPSHOT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include "arch/abi.h"

enum { BELOW = 128, ABOVE = 384 }; /* bytes of the stack that are compared; 128 below is amd64's red zone */

struct snapshot {
    struct user_regs_struct regs;
    _Alignas(64) uint8_t block[2 * X86_AREA];
    size_t block_size;
    uint8_t stack[BELOW + ABOVE];
};

#ifdef __x86_64__
#define PC(regs)       ((regs).rip)
#define SP(regs)       ((regs).rsp)
#define FLAGS(regs)    ((regs).eflags)
#define STACK_FROM(sp) ((sp)-BELOW)
#define REG(name)                                                                                                                  \
    {                                                                                                                              \
#name, offsetof(struct user_regs_struct, name), sizeof(long)                                                               \
    }
/* Not orig_rax: the kernel's. fs_base: see below. */
static const struct abi_field fields[] = {REG(rax), REG(rcx), REG(rdx), REG(rbx),     REG(rbp), REG(rsp), REG(rsi),
                                          REG(rdi), REG(r8),  REG(r9),  REG(r10),     REG(r11), REG(r12), REG(r13),
                                          REG(r14), REG(r15), REG(rip), REG(eflags),  REG(cs),  REG(ds),  REG(es),
                                          REG(fs),  REG(gs),  REG(ss),  REG(gs_base), {0}};
#else
#define PC(regs)       ((regs).eip)
#define SP(regs)       ((regs).esp)
#define FLAGS(regs)    ((regs).eflags)
#define STACK_FROM(sp) (sp)
#define REG(name)                                                                                                                  \
    {                                                                                                                              \
#name, offsetof(struct user_regs_struct, name), sizeof(long)                                                               \
    }
static const struct abi_field fields[] = {REG(eax), REG(ecx), REG(edx), REG(ebx),    REG(ebp), REG(esp),
                                          REG(esi), REG(edi), REG(eip), REG(eflags), REG(xcs), REG(xds),
                                          REG(xes), REG(xfs), REG(xgs), REG(xss),    {0}};
#endif

/* The CPU's own: single-step, and what keeps a breakpoint from striking twice. */
enum { FLAG_TF = 0x100, FLAG_RF = 0x10000 };

static inline struct user_regs_struct get_regs(pid_t tid)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &(struct iovec){&regs, sizeof(regs)});
    return regs;
}

static inline void set_pc(pid_t tid, uintptr_t pc)
{
    struct user_regs_struct regs = get_regs(tid);
    PC(regs) = (long)pc;
    ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &(struct iovec){&regs, sizeof(regs)});
}

static inline void read_memory(pid_t tid, uintptr_t from, void *to, size_t size)
{
    struct iovec here = {to, size}, there = {(void *)from, size};
    process_vm_readv(tid, &here, 1, &there, 1, 0);
}

/* top: where the stack ends that belongs to the code under test. */
static inline void take_snapshot(pid_t tid, struct snapshot *s, uintptr_t top)
{
    struct iovec block = {s->block, sizeof(s->block)};

    memset(s, 0, sizeof(*s));
    s->regs = get_regs(tid);
    FLAGS(s->regs) &= ~(FLAG_TF | FLAG_RF);
    ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &block);
    s->block_size = block.iov_len;
    uintptr_t from = STACK_FROM((uintptr_t)SP(s->regs));
    read_memory(tid, from, s->stack, top - from < sizeof(s->stack) ? top - from : sizeof(s->stack));
}

/* Two values of a register, in words. */
static inline const char *describe_register(const struct snapshot *before, const struct snapshot *after, const char *name)
{
    static char text[100];

    for (const struct abi_field *field = fields; field->name; field++)
        if (!strcmp(field->name, name))
            snprintf(text, sizeof(text), "%s was %#lx, is %#lx", name, *(const long *)((const char *)&before->regs + field->offset),
                     *(const long *)((const char *)&after->regs + field->offset));
    return text;
}

/* The name of something that differs, or NULL. The kernel reports components that are not in use by their initial values, so that
 * which ones are in use makes no difference. PKRU is the thread's, and so is fs_base if the thread is another one. */
static inline const char *difference(const struct snapshot *before, const struct snapshot *after, bool same_thread)
{
    static const struct abi_field pointers[] = {{"x87 opcode", 6, 2}, {"x87 pc", 8, 8}, {"x87 data pointer", 16, 8}, {0}};
    const char *name = abi_difference(fields, &before->regs, &after->regs);

    if (name)
        name = describe_register(before, after, name);
    else
        name = x86_area_difference(before->block, after->block);
    if (!name)
        name = abi_difference(pointers, before->block, after->block);
    if (!name && memcmp(before->stack, after->stack, sizeof(before->stack)))
        name = "the stack";
#ifdef __x86_64__
    if (!name && same_thread && before->regs.fs_base != after->regs.fs_base)
        name = "fs_base";
#endif
    (void)same_thread;
    return name;
}

#endif
