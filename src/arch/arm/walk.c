/* Who called: a step of a traceback by the tables that unwinders of 32-bit ARM have, since the compilers of this CPU make no chain
 * of frames ("Exception Handling ABI for the Arm Architecture", IHI 0038: index table, exception-handling table, and frame
 * unwinding instructions).
 *
 * Each object has a table of its functions, in order: where one begins, and code for a small machine that undoes its prologue: it
 * moves the stack pointer, and takes registers off the stack. The code is in the table if it is short, else beside it. Of a
 * function without any the link register may tell who called it.
 *
 * An entry is for the whole of a function. In a prologue or an epilogue it leads astray, but at the first instruction, where
 * nothing is done yet.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/arch.h"

#define WORD  sizeof(uint32_t)
#define ENTRY (2 * WORD)

enum { R0 = 0, R4 = 4, R7 = 7, R11 = 11, SP = 13, LR = 14, PC = 15, REGISTERS };

enum { FIRST_INSTRUCTION = 2 }; /* its least length */

/* Set in a stack pointer that is only known to be at least that. Nothing is read there. */
enum { VAGUE = 1 };

struct machine {
    arch_read *read;
    const void *argument;
    uintptr_t r[REGISTERS];
    uint32_t known, popped; /* a bit for each: has a value; was taken off the stack */

    /* The code: the bytes that are left of a word, the next one on top, and the words that come after it. */
    uint32_t word, bytes, words;
    uintptr_t next;
};

static bool read_word(const struct machine *m, uintptr_t at, uint32_t *word)
{
    return at % WORD == 0 && m->read(m->argument, at, word, WORD);
}

/* ---- the table ---- */

struct entry {
    uintptr_t at, start, end; /* of the entry; of the function */
};

/* An address is written as how far away it is, in 31 bits. */
static uintptr_t away(uintptr_t at, uint32_t word)
{
    return at + (uintptr_t)((int32_t)(word << 1) >> 1);
}

/* The last entry that begins at or before pc. */
static bool find_entry(const struct machine *m, const struct arch_place *place, struct entry *e)
{
    size_t low = 0, high = place->table_bytes / ENTRY;
    e->end = UINTPTR_MAX;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uintptr_t at = place->table + middle * ENTRY;
        uint32_t word;
        if (!read_word(m, at, &word))
            return false;
        uintptr_t start = arch_unsigned(away(at, word));
        if (start > place->pc) {
            high = middle;
            e->end = start;
        } else {
            low = middle + 1;
            e->at = at;
            e->start = start;
        }
    }
    return low > 0;
}

/* ---- where its code is ---- */

#define COMPACT 0x80000000u
enum { CANNOT_UNWIND = 1 };

static void begin(struct machine *m, uintptr_t at, uint32_t word, uint32_t bytes, uint32_t words)
{
    m->next = at + WORD;
    m->word = word << 8 * (WORD - bytes);
    m->bytes = bytes;
    m->words = words;
}

/* For routines that have a number: 0 has three bytes of code; 1 and 2 have a count of more words, and two bytes. */
static bool begin_compact(struct machine *m, uintptr_t at, uint32_t word, uint32_t most)
{
    uint32_t number = (word & ~COMPACT) >> 24, words = word >> 16 & 0xff;
    begin(m, at, word, number == 0 ? 3 : 2, number == 0 ? 0 : words);
    return number <= most;
}

/* For others there is their address, and how their own data begin is not laid down. All compilers have: a count of more words, and
 * three bytes. */
static bool begin_code(struct machine *m, const struct entry *e)
{
    uintptr_t at = e->at + WORD;
    uint32_t word;
    if (!read_word(m, at, &word) || word == CANNOT_UNWIND)
        return false;
    if (word & COMPACT)
        return begin_compact(m, at, word, 0);
    at = away(at, word);
    if (!read_word(m, at, &word))
        return false;
    if (word & COMPACT)
        return begin_compact(m, at, word, 2);
    at += WORD;
    if (!read_word(m, at, &word))
        return false;
    begin(m, at, word, 3, word >> 24);
    return true;
}

/* ---- its code ---- */

/* Where each kind of instruction begins; it goes up to the next one. What is not named is spare, or of coprocessors that no
 * program has any more, or signs return addresses, which no CPU with this instruction set does. */
enum {
    RAISE = 0x00,
    LOWER = 0x40,
    POP_MASKED = 0x80,
    SET = 0x90,
    POP_FROM_R4 = 0xa0,
    FINISH = 0xb0,
    POP_ARGUMENTS = 0xb1,
    RAISE_FAR = 0xb2,
    SKIP_VFP_X = 0xb3,
    SPARE_1 = 0xb4,
    SKIP_D8_X = 0xb8,
    SPARE_2 = 0xc0,
    SKIP_VFP_HIGH = 0xc8,
    SKIP_VFP = 0xc9,
    SPARE_3 = 0xca,
    SKIP_D8 = 0xd0,
    SPARE_4 = 0xd8
};

/* Beyond the end there is a FINISH. */
static bool next_byte(struct machine *m, uint32_t *byte)
{
    *byte = FINISH;
    if (m->bytes == 0 && m->words == 0)
        return true;
    if (m->bytes == 0) {
        if (!read_word(m, m->next, &m->word))
            return false;
        m->next += WORD;
        m->words--;
        m->bytes = WORD;
    }
    *byte = m->word >> 24;
    m->word <<= 8;
    m->bytes--;
    return true;
}

static bool pop(struct machine *m, uint32_t mask)
{
    uint32_t words[REGISTERS], count = 0;
    uintptr_t sp = m->r[SP];
    for (uint32_t i = 0; i < REGISTERS; i++)
        count += mask >> i & 1;
    if (count == 0 || sp % WORD != 0 || !m->read(m->argument, sp, words, count * WORD))
        return false;
    m->r[SP] = sp + count * WORD;
    count = 0;
    for (uint32_t i = 0; i < REGISTERS; i++)
        if (mask >> i & 1)
            m->r[i] = words[count++];
    m->known |= mask;
    m->popped |= mask;
    return true;
}

static bool skip(struct machine *m, uint32_t bytes)
{
    m->r[SP] += bytes;
    return true;
}

static bool pop_masked(struct machine *m, uint32_t code)
{
    uint32_t low;
    return next_byte(m, &low) && pop(m, ((code & 0xf) << 8 | low) << R4);
}

static bool pop_from_r4(struct machine *m, uint32_t code)
{
    uint32_t registers = (2u << (code & 7)) - 1;
    return pop(m, registers << R4 | (code & 8 ? 1u << LR : 0));
}

static bool pop_arguments(struct machine *m)
{
    uint32_t mask;
    return next_byte(m, &mask) && mask >> R4 == 0 && pop(m, mask << R0);
}

static bool set(struct machine *m, uint32_t code)
{
    uint32_t i = code & 0xf;
    if (i == SP || i == PC || !(m->known >> i & 1))
        return false;
    m->r[SP] = m->r[i];
    return true;
}

/* Seven bits a byte, the lowest first, until a byte lacks the eighth; in words, beyond what RAISE can do. */
static bool raise_far(struct machine *m)
{
    uint32_t byte, words = 0, shift = 0;
    do {
        if (shift >= 28 || !next_byte(m, &byte))
            return false;
        words |= (byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return skip(m, 0x204 + words * WORD);
}

/* Registers of 8 bytes. `more`: what the instruction that stored them, of old, left beside them. */
static bool skip_vfp(struct machine *m, uint32_t more)
{
    uint32_t range;
    return next_byte(m, &range) && skip(m, 8 * ((range & 0xf) + 1) + more);
}

static bool execute(struct machine *m, uint32_t code)
{
    uint32_t words = (code & 0x3f) + 1, vectors = (code & 7) + 1;
    if (code < POP_MASKED)
        return skip(m, code < LOWER ? words * WORD : -(words * WORD));
    if (code < FINISH)
        return code < SET ? pop_masked(m, code) : code < POP_FROM_R4 ? set(m, code) : pop_from_r4(m, code);
    if (code == POP_ARGUMENTS)
        return pop_arguments(m);
    if (code == RAISE_FAR)
        return raise_far(m);
    if (code == SKIP_VFP_X || code == SKIP_VFP_HIGH || code == SKIP_VFP)
        return skip_vfp(m, code == SKIP_VFP_X ? WORD : 0);
    if (code >= SKIP_D8_X && code < SPARE_2)
        return skip(m, 8 * vectors + WORD);
    return code >= SKIP_D8 && code < SPARE_4 && skip(m, 8 * vectors);
}

static bool run(struct machine *m)
{
    for (uint32_t code;;) {
        if (!next_byte(m, &code))
            return false;
        if (code == FINISH)
            return true;
        if (!execute(m, code))
            return false;
    }
}

/* ---- calls ---- */

/* Arm ARM (DDI 0406) A8.8.25: BL and BLX with an immediate, in both instruction sets. 0: the instruction is none of them. */
static uintptr_t thumb_target(uintptr_t from, const uint16_t half[2])
{
    uint32_t s = half[0] >> 10 & 1, i1 = 1 ^ s ^ (half[1] >> 13 & 1), i2 = 1 ^ s ^ (half[1] >> 11 & 1);
    uint32_t distance = s << 24 | i1 << 23 | i2 << 22 | (half[0] & 0x3ffu) << 12 | (half[1] & 0x7ffu) << 1;
    bool to_arm = !(half[1] & 0x1000);
    if ((half[0] & 0xf800) != 0xf000 || (half[1] & 0xc000) != 0xc000)
        return 0;
    return ((from + 4) & ~(uintptr_t)(to_arm ? 3 : 0)) + (uintptr_t)((int32_t)(distance << 7) >> 7);
}

static uintptr_t arm_target(uintptr_t from, uint32_t word)
{
    bool to_thumb = word >> 25 == 0x7d, to_arm = word >> 28 != 0xf && (word >> 24 & 0xf) == 0xb;
    uintptr_t target = from + 8 + (uintptr_t)((int32_t)(word << 8) >> 6);
    return to_thumb ? target + (word >> 23 & 2) : to_arm ? target : 0;
}

/* Where the call before a return address leads. */
static uintptr_t target_of(const struct machine *m, uintptr_t back)
{
    uintptr_t from = arch_unsigned(back) - WORD;
    uint16_t half[2];
    uint32_t word;
    if (back & 1)
        return m->read(m->argument, from, half, sizeof half) ? thumb_target(from, half) : 0;
    return read_word(m, from, &word) ? arm_target(from, word) : 0;
}

/* A constant of eight bits, turned right by an even number of them. */
static uint32_t constant(uint32_t word)
{
    uint32_t turn = word >> 7 & 0x1e, value = word & 0xff;
    return turn ? value >> turn | value << (32 - turn) : value;
}

/* Where a linker's stub for a function of another object leads: add ip, pc, ..; add ip, ip, ..; ldr pc, [ip, ..]!. 0: it is none.
 */
static uintptr_t behind_stub(const struct machine *m, uintptr_t at)
{
    uint32_t code[3], address;
    if (!m->read(m->argument, at, code, sizeof code) || code[0] >> 12 != 0xe28fc || code[1] >> 12 != 0xe28cc ||
        code[2] >> 12 != 0xe5bcf)
        return 0;
    return read_word(m, at + 8 + constant(code[0]) + constant(code[1]) + (code[2] & 0xfff), &address) ? address : 0;
}

/* ---- a step ---- */

static bool has(uint32_t registers, uint32_t i)
{
    return registers >> i & 1;
}

/* Which of two registers a function has for the frame pointer depends on the instruction set. Where a place does not say which of
 * them is its fp, both have its value: code asks for the right one. */
static struct machine machine_at(const struct arch_place *at, arch_read *read, const void *argument)
{
    struct machine m = {.read = read, .argument = argument, .r = {[SP] = at->sp, [LR] = at->link}, .known = 1u << SP};
    uintptr_t other = at->more ? at->more & ~(uintptr_t)ARM_MORE : at->fp;
    m.r[R7] = at->more & ARM_MORE_THUMB || !at->more ? at->fp : other;
    m.r[R11] = at->more & ARM_MORE_THUMB ? other : at->fp;
    for (uint32_t i = 0; i < REGISTERS; i++)
        m.known |= m.r[i] ? 1u << i : 0;
    return m;
}

static void arrive(const struct machine *m, struct arch_place *at, uintptr_t back, uintptr_t sp)
{
    uintptr_t thumb = back & 1;
    *at = (struct arch_place){
        .pc = arch_unsigned(back) - 1, .sp = sp, .fp = m->r[thumb ? R7 : R11], .more = arm_more(thumb, m->r[thumb ? R11 : R7])};
}

/* Where the pc itself was taken off the stack, an interrupt had put all registers there (preempt.S). Else the link register is what
 * to return to. It tells the caller's instruction set, too. */
static bool leave(const struct machine *m, struct arch_place *at)
{
    uint32_t from = has(m->popped, PC) ? PC : LR;
    if (!has(m->known, from) || m->r[SP] < at->sp || (has(m->popped, from) && m->r[SP] == at->sp))
        return false;
    arrive(m, at, m->r[from], m->r[SP]);
    at->link = from == PC && has(m->popped, LR) ? m->r[LR] : 0;
    return true;
}

/* Without code: the link register holds the return address, unless the function has made a call since. So there must be a call of
 * the function before it. What has been pushed is not known. */
static bool leave_by_link(const struct machine *m, const struct entry *e, struct arch_place *at)
{
    uintptr_t size = e->end - e->start, target = at->link ? target_of(m, at->link) : 0;
    if (target && target - e->start >= size)
        target = behind_stub(m, target);
    if (!target || target - e->start >= size || at->link - e->start < size)
        return false;
    arrive(m, at, at->link, at->sp | VAGUE);
    return true;
}

bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    struct machine m = machine_at(at, read, argument);
    struct entry e = {0};
    if (!find_entry(&m, at, &e) || !begin_code(&m, &e))
        return leave_by_link(&m, &e, at);
    bool is_first = at->link && at->pc - e.start < FIRST_INSTRUCTION;
    return (is_first || run(&m)) && leave(&m, at);
}
