/* Walking a stack on mips: only the code of a function tells who called it, since no register leads to where its frame ends.
 *
 * So the rest of the function is done as the CPU would do it, as far as it concerns the stack and frame pointer and the register of
 * return addresses, and a function that it calls is taken to leave these three as they were. Both ways of a branch are followed,
 * the shortest first, until one comes to where the function returns; that leaves the registers as the caller will find them,
 * whatever the layout of the code is: of functions without a frame, those that are in the middle of making it or of leaving it,
 * assembly.
 *
 * A function that never returns (it loops, or it has called one that never does) has its prologue instead, which lies before.
 * That is where the stack pointer is moved, with nothing but this function from there on: beyond a return there is another, unless
 * a branch leads over it.
 *
 * What is found must be behind a call, or what a signal's handler returns to. Compressed code (MIPS16, microMIPS) ends a walk.
 *
 * A CPU's walk.c includes this after OP_LOAD and OP_STORE, the instructions for a register as a whole, and SIGRETURN, the number
 * of that call of the kernel's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_MIPS_H
#define ARCH_WALK_MIPS_H

#include "arch/walk/interrupted.h"
#include "arch/walk/mips_code.h"

enum {
    STEPS_MOST = 4096, /* instructions ahead, of all ways */
    BACK_MOST = 4096,  /* and back */
    STARTS_MOST = 192, /* of ways */
    SLOTS = 4,         /* a function's two, and those of one that is jumped to from its end */
};

/* Where on the stack a register was put on the way. */
struct slot {
    uintptr_t at, value;
};

/* A way ahead, where it starts. */
struct start {
    uintptr_t pc, sp, fp, link;
    struct slot slots[SLOTS];
};

struct walk {
    arch_read *read;
    const void *argument;
    struct arch_place from, found;
    unsigned steps, starts_used;
    struct start starts[STARTS_MOST];
};

/* One on it. */
struct runner {
    struct walk *walk;
    uintptr_t pc, r[REGISTERS];
    struct slot slots[SLOTS];
};

static bool read_code(const struct walk *w, uintptr_t at, uint32_t *word)
{
    return at % sizeof *word == 0 && w->read(w->argument, at, word, sizeof *word);
}

/* ---- what may be returned to ---- */

static bool is_behind_call(const struct walk *w, uintptr_t pc)
{
    uint32_t word;
    uintptr_t target;
    return read_code(w, pc - 8, &word) && flow_of(word, pc - 8, &target) == CALLS;
}

/* The instructions of the kernel's to which a handler returns. */
static bool is_way_back(const struct walk *w, uintptr_t pc)
{
    uint32_t word[2];
    return read_code(w, pc, &word[0]) && read_code(w, pc + 4, &word[1]) && word[0] == (OP_ADDIU << 26 | RESULT << 16 | SIGRETURN) &&
           word[1] == FN_SYSCALL;
}

/* Frames lie above each other, if there are any: only the innermost function may have none. */
static bool find(struct walk *w, uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
    if (pc == 0 || sp < w->from.sp || (sp == w->from.sp && !w->from.link))
        return false;
    bool called = is_behind_call(w, pc);
    if (!called && !is_way_back(w, pc))
        return false;
    w->found = (struct arch_place){.pc = pc - called, .sp = sp, .fp = fp};
    return true;
}

/* ---- memory ---- */

static uintptr_t load(const struct runner *run, uintptr_t at)
{
    uintptr_t value;
    for (int i = 0; i < SLOTS; i++)
        if (run->slots[i].at == at)
            return run->slots[i].value;
    return at && run->walk->read(run->walk->argument, at, &value, sizeof value) ? value : 0;
}

/* False: there is no room. */
static bool store(struct runner *run, uintptr_t at, uintptr_t value)
{
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &run->slots[i];
        if (s->at == at || s->at == 0) {
            *s = (struct slot){.at = at, .value = value};
            return true;
        }
    }
    return false;
}

/* False: this is no way out. A return address that is put away when there is none is the beginning of another function. */
static bool do_one(struct runner *run, uint32_t word)
{
    unsigned operation = OPERATION(word), n = RT(word);
    uintptr_t at = is_known(run->r, RS(word)) ? run->r[RS(word)] + OFFSET(word) : 0;
    if (operation == OP_STORE && (n == FP || n == LINK) && at)
        return (n == FP || run->r[n]) && store(run, at, run->r[n]);
    uintptr_t value = operation == OP_LOAD && (n == SP || n == FP || n == LINK) ? load(run, at) : 0;
    run_in_registers(word, run->r);
    if (value)
        run->r[n] = value;
    return true;
}

/* ---- ahead ---- */

static void add_start(const struct runner *run, uintptr_t pc)
{
    struct walk *w = run->walk;
    for (unsigned i = 0; i < w->starts_used; i++)
        if (w->starts[i].pc == pc)
            return;
    if (w->starts_used == STARTS_MOST)
        return;
    struct start *s = &w->starts[w->starts_used++];
    *s = (struct start){.pc = pc, .sp = run->r[SP], .fp = run->r[FP], .link = run->r[LINK]};
    for (int i = 0; i < SLOTS; i++)
        s->slots[i] = run->slots[i];
}

/* By a register go returns, calls that are a function's last act, which return to the same, and tables of jumps, where nothing has
 * been put in order. */
static bool go_by_register(struct runner *run, unsigned n)
{
    return (n == LINK || n == CALLED) && find(run->walk, run->r[LINK], run->r[SP], run->r[FP]);
}

/* A jump, with what is done before it goes. True: it has come to the end. */
static bool go(struct runner *run, enum flow flow, uintptr_t target, unsigned by)
{
    uint32_t slot;
    uintptr_t unused, behind = run->pc + 8;
    if (flow == LIKELY_GOES)
        add_start(run, behind);
    if (flow == CALLS)
        run->r[LINK] = 0;
    if (!read_code(run->walk, run->pc + 4, &slot) || flow_of(slot, run->pc + 4, &unused) != ON || !do_one(run, slot))
        return false;
    if (flow == GOES_BY_REGISTER)
        return go_by_register(run, by);
    if (flow == CALLS)
        forget_after_call(run->r);
    else
        add_start(run, target);
    if (flow == CALLS || flow == MAY_GO)
        add_start(run, behind);
    return false;
}

/* A call of the kernel: all but one keep what they are not asked to change. */
static bool ask(struct runner *run, bool *found)
{
    struct walk *w = run->walk;
    *found = run->r[RESULT] == SIGRETURN && arch_find_interrupted(&w->found, run->r[SP], w->read, w->argument);
    uintptr_t link = run->r[LINK];
    if (run->r[RESULT] == SIGRETURN)
        return false;
    forget_after_call(run->r);
    run->r[LINK] = link;
    return true;
}

/* To the next jump. */
static bool follow(struct runner *run)
{
    struct walk *w = run->walk;
    uint32_t word;
    uintptr_t target;
    bool found;
    for (; w->steps < STEPS_MOST && read_code(w, run->pc, &word); run->pc += 4, w->steps++) {
        enum flow flow = flow_of(word, run->pc, &target);
        if (flow > STOPS)
            return go(run, flow, target, RS(word));
        if (flow == STOPS)
            return false;
        if (flow == ASKS && !ask(run, &found))
            return found;
        if (flow == ON && !do_one(run, word))
            return false;
    }
    return false;
}

static bool find_ahead(struct walk *w, uintptr_t pc)
{
    w->starts[0] = (struct start){.pc = pc, .sp = w->from.sp, .fp = w->from.fp, .link = w->from.link};
    w->starts_used = 1;
    for (unsigned i = 0; i < w->starts_used; i++) {
        const struct start *s = &w->starts[i];
        struct runner run = {.walk = w, .pc = s->pc};
        run.r[SP] = s->sp;
        run.r[FP] = s->fp;
        run.r[LINK] = s->link;
        for (int n = 0; n < SLOTS; n++)
            run.slots[n] = s->slots[n];
        if (follow(&run))
            return true;
    }
    return false;
}

/* ---- back ---- */

static bool makes_frame(uint32_t word)
{
    unsigned operation = OPERATION(word);
    return (operation == OP_ADDIU || operation == OP_DADDIU) && RS(word) == SP && RT(word) == SP && (int16_t)word < 0;
}

/* No frame is made where there is one. */
static bool makes_one_soon(const struct walk *w, uintptr_t pc)
{
    enum { FIRST = 8 };
    uint32_t word;
    uintptr_t target;
    for (int i = 0; i < FIRST && read_code(w, pc, &word) && flow_of(word, pc, &target) == ON; i++, pc += 4)
        if (makes_frame(word))
            return true;
    return false;
}

/* A big frame is made in two steps, with registers saved in between. */
static uintptr_t first_step(const struct walk *w, uintptr_t last)
{
    enum { BETWEEN = 24 };
    uint32_t word;
    uintptr_t target, first = last;
    for (uintptr_t at = last - 4; last - at < BETWEEN * 4 && read_code(w, at, &word) && flow_of(word, at, &target) == ON; at -= 4)
        if (makes_frame(word))
            first = at;
    return first;
}

/* Where the frame of the function at pc is made; 0: nowhere, or not yet. */
static uintptr_t find_prologue(const struct walk *w, uintptr_t pc)
{
    uint32_t word;
    uintptr_t target, begin = 0; /* of what no branch from before leads to */
    if (w->from.link && makes_one_soon(w, pc))
        return 0;
    for (uintptr_t at = pc - 4; pc - at < BACK_MOST * 4 && read_code(w, at, &word); at -= 4) {
        if (makes_frame(word))
            return begin && w->from.link ? 0 : first_step(w, at);
        enum flow flow = flow_of(word, at, &target);
        if (flow == GOES_BY_REGISTER && (RS(word) == LINK || RS(word) == CALLED)) {
            if (!begin && at + 8 <= pc)
                begin = at + 8;
        } else if (flow >= MAY_GO && flow <= GOES && begin && target >= begin && target - begin < BACK_MOST * 4) {
            begin = 0;
        }
    }
    return 0;
}

/* Registers whose values do not matter, but which of them is where. */
enum { SOME_SP = 1 << 30, SOME_FP = 1 << 29, SOME_LINK = 1 << 28 };

/* Does the prologue, up to pc or what comes behind the first call. */
static void do_prologue(struct runner *run, uintptr_t pc)
{
    uint32_t word;
    uintptr_t target;
    enum flow flow = ON;
    for (bool over = false; !over && run->pc < pc && read_code(run->walk, run->pc, &word); run->pc += 4) {
        over = flow >= CALLS && flow != MAY_GO;
        flow = flow_of(word, run->pc, &target);
        if (flow == CALLS)
            run->r[LINK] = 0;
        if (flow != ON)
            continue;
        if (!do_one(run, word))
            return;
    }
}

static uintptr_t slot_of(const struct runner *run, uintptr_t value)
{
    for (int i = 0; i < SLOTS; i++)
        if (run->slots[i].at && run->slots[i].value == value)
            return run->slots[i].at;
    return 0;
}

static bool find_behind(struct walk *w, uintptr_t pc)
{
    const struct arch_place *from = &w->from;
    uintptr_t begin = find_prologue(w, pc);
    if (!begin)
        return find(w, from->link, from->sp, from->fp);
    struct runner run = {.walk = w, .pc = begin};
    run.r[SP] = SOME_SP;
    run.r[FP] = SOME_FP;
    run.r[LINK] = SOME_LINK;
    do_prologue(&run, pc);
    bool has_fp = run.r[FP] != SOME_FP && run.r[FP] != 0 && from->fp >= from->sp;
    uintptr_t above = has_fp ? from->fp - run.r[FP] : from->sp - run.r[SP];
    uintptr_t link_at = slot_of(&run, SOME_LINK), fp_at = slot_of(&run, SOME_FP), link = from->link, fp = from->fp;
    if (link_at && !w->read(w->argument, link_at + above, &link, sizeof link))
        return false;
    if (fp_at && !w->read(w->argument, fp_at + above, &fp, sizeof fp))
        return false;
    return find(w, link, SOME_SP + above, fp);
}

bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    struct walk w = {.read = read, .argument = argument, .from = *at};
    uintptr_t pc = (at->pc + 3) & -(uintptr_t)4; /* a call's last byte: where it returns to */
    bool found = find_ahead(&w, pc) || find_behind(&w, pc);
    if (found)
        *at = w.found;
    return found;
}

#endif
