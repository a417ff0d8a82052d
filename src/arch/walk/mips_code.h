/* Instructions of mips, as far as a walk needs to know them: where they go next, and what they do to the few registers by which a
 * function finds its frame.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_MIPS_CODE_H
#define ARCH_WALK_MIPS_CODE_H

#include <stdbool.h>
#include <stdint.h>

enum { ZERO = 0, RESULT = 2, SAVED = 16, CALLED = 25, SP = 29, FP = 30, LINK = 31, REGISTERS = 32 };

/* Of an instruction: what it is, the registers that it has, the number in it, and one with its sign. */
#define OPERATION(word) ((word) >> 26)
#define FUNCTION(word)  ((word)&0x3f)
#define RS(word)        ((word) >> 21 & 31)
#define RT(word)        ((word) >> 16 & 31)
#define RD(word)        ((word) >> 11 & 31)
#define NUMBER(word)    ((word)&0xffff)
#define OFFSET(word)    ((uintptr_t)(intptr_t)(int16_t)(word))

/* Those that are told apart. */
enum {
    OP_SPECIAL = 0,
    OP_REGIMM = 1,
    OP_J = 2,
    OP_JAL = 3,
    OP_BEQ = 4,
    OP_BGTZ = 7,
    OP_ADDI = 8,
    OP_ADDIU = 9,
    OP_ORI = 13,
    OP_LUI = 15,
    OP_COP0 = 16,
    OP_COP1 = 17,
    OP_COP2 = 18,
    OP_BEQL = 20,
    OP_BGTZL = 23,
    OP_DADDI = 24,
    OP_DADDIU = 25,
    OP_LDL = 26,
    OP_LDR = 27,
    OP_SPECIAL2 = 28,
    OP_JALX = 29,
    OP_SPECIAL3 = 31,
    OP_LB = 32,
    OP_LW = 35,
    OP_LWU = 39,
    OP_SW = 43,
    OP_LL = 48,
    OP_LLD = 52,
    OP_LD = 55,
    OP_SC = 56,
    OP_SCD = 60,
    OP_SD = 63,
};
enum {
    FN_JR = 8,
    FN_JALR = 9,
    FN_SYSCALL = 12,
    FN_BREAK = 13,
    FN_ADDU = 33,
    FN_SUBU = 35,
    FN_AND = 36,
    FN_OR = 37,
    FN_DADDU = 45,
    FN_DSUBU = 47,
    FN_TGE = 48,
    FN_TEQ = 52,
    FN_TNE = 54,
};

/* Where an instruction leads. All but the first three have another behind them that is done before they go: one that is LIKELY to
 * go, only if it does. */
enum flow { ON, ASKS /* the kernel */, STOPS, CALLS, MAY_GO, LIKELY_GOES, GOES, GOES_BY_REGISTER };

static inline uintptr_t branch_target(uintptr_t pc, uint32_t word)
{
    return pc + 4 + OFFSET(word) * 4;
}

static inline uintptr_t jump_target(uintptr_t pc, uint32_t word)
{
    return ((pc + 4) & ~(uintptr_t)0xfffffff) | (uintptr_t)(word & 0x3ffffff) << 2;
}

static inline enum flow flow_of_special(uint32_t word)
{
    switch (FUNCTION(word)) {
    case FN_JR:
        return GOES_BY_REGISTER;
    case FN_JALR:
        return RD(word) == ZERO ? GOES_BY_REGISTER : CALLS;
    case FN_SYSCALL:
        return ASKS;
    case FN_BREAK:
        return STOPS;
    case FN_TEQ:
        return RS(word) == RT(word) ? STOPS : ON;
    default:
        return ON;
    }
}

/* bltz, bgez, their likely sisters, and those that call. The others are traps and the like. */
static inline enum flow flow_of_regimm(uint32_t word)
{
    unsigned kind = RT(word);
    return kind < 2 ? MAY_GO : kind < 4 ? LIKELY_GOES : kind >= 16 && kind < 20 ? CALLS : ON;
}

/* Branches by a flag of floating point, or, in the first unit, by a vector. */
static inline enum flow flow_of_unit(uint32_t word)
{
    unsigned kind = RS(word);
    if (kind == 8)
        return RT(word) & 2 ? LIKELY_GOES : MAY_GO;
    return OPERATION(word) == OP_COP1 && (kind == 11 || kind == 15 || kind >= 24) ? MAY_GO : ON;
}

/* *target: where it goes, if it does and no register says where. */
static inline enum flow flow_of(uint32_t word, uintptr_t pc, uintptr_t *target)
{
    unsigned operation = OPERATION(word);
    *target = operation == OP_J ? jump_target(pc, word) : branch_target(pc, word);
    if (operation == OP_SPECIAL)
        return flow_of_special(word);
    if (operation == OP_REGIMM)
        return flow_of_regimm(word);
    if (operation == OP_COP1 || operation == OP_COP2)
        return flow_of_unit(word);
    if (operation == OP_JAL || operation == OP_JALX)
        return CALLS;
    if (operation == OP_J || (operation == OP_BEQ && RS(word) == RT(word)))
        return GOES;
    if (operation >= OP_BEQ && operation <= OP_BGTZ)
        return MAY_GO;
    return operation >= OP_BEQL && operation <= OP_BGTZL ? LIKELY_GOES : ON;
}

/* Registers as far as they are known: 0 stands for not known, but in the register that is 0. */
static inline bool is_known(const uintptr_t *r, unsigned n)
{
    return n == ZERO || r[n] != 0;
}

static inline void run_special(uint32_t word, uintptr_t *r)
{
    unsigned function = FUNCTION(word);
    uintptr_t a = r[RS(word)], b = r[RT(word)], result = 0;
    if (function >= FN_TGE && function <= FN_TNE) /* they have no result */
        return;
    if (is_known(r, RS(word)) && is_known(r, RT(word))) {
        if (function == FN_ADDU || function == FN_DADDU)
            result = a + b;
        else if (function == FN_SUBU || function == FN_DSUBU)
            result = a - b;
        else if (function == FN_AND)
            result = a & b;
        else if (function == FN_OR)
            result = a | b;
    }
    r[RD(word)] = result;
}

static inline void run_number(uint32_t word, uintptr_t *r)
{
    unsigned operation = OPERATION(word);
    uintptr_t a = r[RS(word)], result = 0;
    bool adds = operation == OP_ADDI || operation == OP_ADDIU || operation == OP_DADDI || operation == OP_DADDIU;
    if (adds && is_known(r, RS(word)))
        result = a + OFFSET(word);
    else if (operation == OP_ORI && is_known(r, RS(word)))
        result = a | NUMBER(word);
    else if (operation == OP_LUI && RS(word) == ZERO)
        result = (uintptr_t)(intptr_t)(int32_t)(word << 16);
    r[RT(word)] = result;
}

/* What an instruction does to registers, if it goes ON and neither loads nor stores what a walk wants to know. */
static inline void run_in_registers(uint32_t word, uintptr_t *r)
{
    unsigned operation = OPERATION(word);
    bool loads = operation == OP_LDL || operation == OP_LDR || (operation >= OP_LB && operation <= OP_LWU) || operation == OP_LL ||
                 operation == OP_LLD || operation == OP_LD || operation == OP_SC || operation == OP_SCD;
    if (operation == OP_SPECIAL) {
        run_special(word, r);
    } else if ((operation >= OP_ADDI && operation <= OP_LUI) || operation == OP_DADDI || operation == OP_DADDIU) {
        run_number(word, r);
    } else if (operation == OP_SPECIAL2 || operation == OP_SPECIAL3) {
        r[RD(word)] = 0;
        r[RT(word)] = 0;
    } else if (loads || (operation >= OP_COP0 && operation <= OP_COP2 && RS(word) < 4)) {
        r[RT(word)] = 0;
    }
    r[ZERO] = 0;
}

/* What a function that was called has left of registers. */
static inline void forget_after_call(uintptr_t *r)
{
    for (unsigned n = 0; n < REGISTERS; n++)
        if (!(n >= SAVED && n < SAVED + 8) && n != SP && n != FP)
            r[n] = 0;
}

#endif
