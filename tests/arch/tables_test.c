/* Who called, by the tables of 32-bit ARM (src/arch/arm/walk.c): each instruction of the code in them, each form of an entry, and
 * that garbage leads nowhere.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "arch/arch.h"
#include "os/tap.h"

#ifdef __arm__

enum { FUNCTIONS = 7, LENGTH = 64, STACK = 400, CODE = 16, CANNOT_UNWIND = 1 };
enum { R7_LR = 0x84, R7_LR_2 = 0x08 /* the two bytes of "take r7 and lr off the stack" */ };

/* All that there is to be read. */
static struct {
    uint32_t table[2 * FUNCTIONS], code[CODE], stack[STACK];
    uint32_t call, stub[3], slot; /* a call of the function that the test is about, and a linker's stub for it */
} memory;
static _Alignas(4) char text[FUNCTIONS * LENGTH]; /* where functions are said to be */

#define TEXT   ((uintptr_t)text)
#define CALLER ((uintptr_t)0x12340)
#define THUMB  ((uintptr_t)1)

static int read_memory(const void *argument, uintptr_t at, void *to, size_t size)
{
    uintptr_t offset = at - (uintptr_t)&memory;
    if (argument != &memory || offset > sizeof memory || size > sizeof memory - offset)
        return 0;
    memcpy(to, (const char *)&memory + offset, size);
    return 1;
}

static uint32_t distance(const uint32_t *from, uintptr_t to)
{
    return (uint32_t)(to - (uintptr_t)from) & 0x7fffffff;
}

/* Where the stack begins, in a function whose entry is that word. */
static struct arch_place place_in(int function, uint32_t entry)
{
    for (int i = 0; i < FUNCTIONS; i++) {
        memory.table[2 * i] = distance(&memory.table[2 * i], TEXT + (uintptr_t)i * LENGTH);
        memory.table[2 * i + 1] = i == function ? entry : CANNOT_UNWIND;
    }
    for (uint32_t i = 0; i < STACK; i++)
        memory.stack[i] = (CALLER + 4 * i) | THUMB;
    return (struct arch_place){.pc = TEXT + (uintptr_t)function * LENGTH + 8,
                               .sp = (uintptr_t)memory.stack,
                               .table = (uintptr_t)memory.table,
                               .table_bytes = sizeof memory.table};
}

static uint32_t beside(int function)
{
    return distance(&memory.table[2 * function + 1], (uintptr_t)memory.code);
}

/* A function with this code, as it is for a routine without a number. */
static struct arch_place place_with(const uint8_t *code, size_t length)
{
    uint8_t bytes[4 * CODE] = {0};
    memset(bytes, 0xb0, sizeof bytes);
    memcpy(bytes + 1, code, length);
    bytes[0] = (uint8_t)(length / 4);
    memory.code[0] = distance(memory.code, TEXT);
    for (int i = 0; i < CODE - 1; i++)
        memory.code[1 + i] =
            (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    return place_in(3, beside(3));
}

/* A call of what is at target; and where that would return to. */
static uintptr_t call_of(uintptr_t target, bool thumb)
{
    uintptr_t from = (uintptr_t)&memory.call;
    uint32_t d = (uint32_t)(target - from) - (thumb ? 4 : 8), s = d >> 24 & 1;
    uint32_t first = 0xf000 | s << 10 | (d >> 12 & 0x3ff);
    uint32_t second = 0xd000 | (1 ^ s ^ (d >> 23 & 1)) << 13 | (1 ^ s ^ (d >> 22 & 1)) << 11 | (d >> 1 & 0x7ff);
    memory.call = thumb ? first | second << 16 : 0xeb000000 | (d >> 2 & 0xffffff);
    return from + 4 + thumb;
}

/* As the linker makes one. */
static uintptr_t stub_for(uintptr_t target)
{
    uintptr_t from = (uintptr_t)memory.stub;
    memory.slot = (uint32_t)target;
    memory.stub[0] = 0xe28fc600;
    memory.stub[1] = 0xe28cca00;
    memory.stub[2] = 0xe5bcf000 | (uint32_t)((uintptr_t)&memory.slot - from - 8);
    return from;
}

static bool find(struct arch_place *at)
{
    return arch_find_caller(at, read_memory, &memory);
}

/* Whether it is found that the function returns to what the stack holds in the word before `words`. */
static bool returns(struct arch_place at, uint32_t words)
{
    return find(&at) && at.sp == (uintptr_t)&memory.stack[words] && at.pc == CALLER + 4 * (words - 1) - 1 && at.link == 0;
}
#define RETURNS(words, ...) returns(place_with((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})), (words))

static bool refuses(struct arch_place at)
{
    struct arch_place before = at;
    return !find(&at) && !memcmp(&at, &before, sizeof at);
}
#define REFUSES(...) refuses(place_with((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))

static void test_instructions(void)
{
    OK(RETURNS(2, R7_LR, R7_LR_2), "registers named by a mask");
    OK(RETURNS(2, 0xa8) && RETURNS(9, 0xaf) && RETURNS(12, 0xa6, 0xab), "a range of registers, with and without the link register");
    OK(RETURNS(3, 0x00, 0xa8) && RETURNS(66, 0x3f, 0xa8), "the stack pointer is raised");
    OK(RETURNS(4, 0x03, 0x41, 0xa8) && RETURNS(2, 0x3f, 0x7f, 0xa8), "and lowered");
    OK(RETURNS(129 + 2, 0xb2, 0x00, 0xa8) && RETURNS(129 + 0x85 + 2, 0xb2, 0x85, 0x01, 0xa8), "raised by much");
    OK(RETURNS(6, 0xb1, 0x0f, 0xa8) && RETURNS(3, 0xb1, 0x04, 0xa8), "arguments that were put on the stack");
    OK(RETURNS(10, 0xc9, 0x83, 0xa8) && RETURNS(34, 0xc8, 0x0f, 0xa8) && RETURNS(4, 0xd0, 0xa8) && RETURNS(18, 0xd7, 0xa8),
       "registers of the FPU");
    OK(RETURNS(11, 0xb3, 0x83, 0xa8) && RETURNS(5, 0xb8, 0xa8) && RETURNS(19, 0xbf, 0xa8), "stored in the old way");
    OK(RETURNS(2, 0xa8, 0xb0, 0xff), "what comes after the end is not looked at");
    OK(RETURNS(14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa8), "code of several words");
}

static void test_frame_pointers(void)
{
    const uint8_t code[] = {0x97, 0x01, R7_LR, R7_LR_2}, of_arm[] = {0x9b, 0x88, 0x00};
    struct arch_place at = place_with(code, sizeof code);
    at.fp = (uintptr_t)&memory.stack[10];
    OK(returns(at, 14) && find(&at) && at.fp == memory.stack[12], "a frame pointer of Thumb code, and the caller's");
    at = place_with(of_arm, sizeof of_arm);
    at.fp = (uintptr_t)&memory.stack[10];
    memory.stack[10] = CALLER;
    OK(find(&at) && at.pc == CALLER - 1 && at.sp == (uintptr_t)&memory.stack[11], "of ARM code");
    at = place_in(3, CANNOT_UNWIND);
    at.link = call_of(TEXT + 3 * LENGTH, true);
    at.fp = 11;
    at.more = arm_more(false, 4 * 7);
    OK(find(&at) && at.fp == 4 * 7 && at.more == arm_more(true, 8), "ARM code that Thumb code called");
    at = place_in(3, 0x80b0b0b0);
    at.link = CALLER;
    at.fp = 4 * 7;
    at.more = arm_more(true, 4 * 11);
    OK(find(&at) && at.fp == 4 * 11 && at.more == arm_more(false, 4 * 7), "the other way round");
    OK(REFUSES(0x97, 0xa8) && REFUSES(0x94, 0xa8), "one that is not known");
    at = place_with(code, sizeof code);
    at.sp = (uintptr_t)&memory.stack[20];
    at.fp = (uintptr_t)&memory.stack[10];
    OK(refuses(at), "one that lies below the stack");
}

static void test_refusals(void)
{
    OK(REFUSES(0x80, 0x00), "a mask of nothing: it cannot be unwound");
    OK(REFUSES(0x9d, 0xa8) && REFUSES(0x9f, 0xa8) && REFUSES(0xb1, 0x00, 0xa8) && REFUSES(0xb1, 0x10, 0xa8), "spare operands");
    OK(REFUSES(0xb4, 0xa8) && REFUSES(0xb7, 0xa8) && REFUSES(0xc0, 0xa8) && REFUSES(0xc6, 0x00, 0xa8) && REFUSES(0xca, 0xa8) &&
           REFUSES(0xd8, 0xa8) && REFUSES(0xff, 0xa8),
       "spare instructions");
    OK(REFUSES(0xb2, 0xff, 0xff, 0xff, 0xff, 0x01, 0xa8), "a number without end");
    OK(REFUSES(0xb0) && REFUSES(0xa0), "no return address");
    OK(REFUSES(0x7f, 0xa8), "what lies outside the stack");
}

static void test_entries(void)
{
    bool good = true;
    for (int i = 0; i < FUNCTIONS; i++) {
        struct arch_place at = place_in(i, 0x80a8b0b0);
        at.pc = TEXT + (uintptr_t)i * LENGTH;
        good &= returns(at, 2);
        at.pc += LENGTH - 1;
        good &= returns(at, 2);
        at = place_in(i, CANNOT_UNWIND);
        good &= refuses(at);
    }
    OK(good, "each function has its entry, with the code in it");
    memory.code[0] = 0x8000a8b0;
    OK(returns(place_in(2, beside(2)), 3), "code beside the table");
    memory.code[0] = 0x81010000;
    memory.code[1] = 0xa8b0b0b0;
    OK(returns(place_in(6, beside(6)), 4), "more of it");
    memory.code[0] = 0x82010000;
    OK(returns(place_in(0, beside(0)), 4), "with long descriptors");
    memory.code[0] = 0x83010000;
    OK(refuses(place_in(0, beside(0))) && refuses(place_in(0, 0x81a8b0b0)), "numbers that mean nothing there");
    struct arch_place at = place_in(0, 0x80a8b0b0);
    at.pc = TEXT - 1;
    OK(refuses(at), "what comes before all functions");
    at.pc = TEXT;
    at.table_bytes = 0;
    OK(refuses(at), "no table");
}

static void test_links(void)
{
    struct arch_place at = place_in(1, 0x80b0b0b0);
    at.link = CALLER | THUMB;
    OK(find(&at) && at.pc == CALLER - 1 && at.sp == (uintptr_t)memory.stack && !find(&at), "a leaf returns by the link register");
    at = place_in(1, 0x80afb0b0);
    at.pc = TEXT + LENGTH;
    at.link = CALLER | THUMB;
    OK(find(&at) && at.pc == CALLER - 1, "so does a function that has not begun");
    for (int thumb = 0; thumb < 2; thumb++) {
        at = place_in(1, CANNOT_UNWIND);
        at.link = call_of(TEXT + LENGTH, thumb);
        uintptr_t call = arch_unsigned(at.link) - 1;
        OK(find(&at) && at.pc == call && at.sp > (uintptr_t)memory.stack, "one without code, if a call of it comes before");
        at = place_in(1, CANNOT_UNWIND);
        at.link = call_of(TEXT + 2 * LENGTH, thumb);
        OK(refuses(at), "but not if that calls something else");
    }
    at = place_in(1, CANNOT_UNWIND);
    at.link = call_of(stub_for(TEXT + LENGTH + 1), false);
    OK(find(&at) && at.sp > (uintptr_t)memory.stack, "also if it calls it through a stub");
    at.pc = TEXT + LENGTH + 8;
    memory.table[2 * 1 + 1] = 0x80a8b0b0;
    at.table = (uintptr_t)memory.table;
    at.table_bytes = sizeof memory.table;
    OK(refuses(at), "but where its caller's stack is, is not known");
    at = place_in(1, CANNOT_UNWIND);
    at.link = CALLER;
    OK(refuses(at), "what comes before the address must be there");
}

static void test_interrupts(void)
{
    const uint8_t code[] = {0x8c, 0x00, 0x00, 0x82, 0x00}; /* lr and pc, a word of no use, sp */
    struct arch_place at = place_with(code, sizeof code);
    memory.stack[0] = CALLER;
    memory.stack[1] = (CALLER + 100) | THUMB;
    memory.stack[3] = (uint32_t)(uintptr_t)&memory.stack[30];
    OK(find(&at) && at.link == CALLER && at.pc == CALLER + 99 && at.sp == (uintptr_t)&memory.stack[30],
       "an interrupted place has its link register");
}

static void test_garbage(void)
{
    unsigned steps = 0;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        struct arch_place at = place_in(rand() % FUNCTIONS, beside(0));
        for (size_t word = 0; word < sizeof memory / 4; word += 1 + (size_t)(rand() % 3))
            ((uint32_t *)&memory)[word] = (uint32_t)rand() << 1 ^ (uint32_t)rand();
        at.fp = (uintptr_t)&memory + (uintptr_t)(rand() % (int)sizeof memory);
        at.link = i % 2 ? 0 : CALLER;
        for (; steps < 1000000 && find(&at); steps++)
            at.table = (uintptr_t)memory.table, at.table_bytes = sizeof memory.table;
    }
    OK(steps < 1000000, "garbage leads to an end");
}

int main(void)
{
    test_instructions();
    test_frame_pointers();
    test_refusals();
    test_entries();
    test_links();
    test_interrupts();
    test_garbage();
    return tap_end();
}

#else

int main(void)
{
    tap_skip("who called is in tables", "this CPU's walks go by other things");
    return tap_end();
}

#endif
