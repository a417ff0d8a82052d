/* Who called is found at every instruction of a function, of whatever shape, and in what it calls. Where compilers keep a frame
 * pointer, which is the caller's for a few instructions at both ends, the caller is missed there; then it is its caller that is
 * found, or nobody, and never anything else.
 *
 * A step may lie inside ThreadSanitizer, where a lock is held that its calls in the handler would take.
 * COMPILED WITH: -fno-sanitize=thread
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <string.h>
#include "arch/arch.h"
#include "os/os.h"
#include "os/tap.h"
#include "sched/steps.h"

/* Whether there is no place at which it is not found; whether there are any at which the chain of frames is what was on the stack
 * before: one instruction moves the stack pointer, and the next one puts the chain there. */
#if defined(__mips__)
enum { EVERYWHERE = true, OLD_CHAINS = false };
#elif defined(__s390x__)
enum { EVERYWHERE = false, OLD_CHAINS = true };
#else
enum { EVERYWHERE = false, OLD_CHAINS = false };
#endif

#if defined(__arm__) && !defined(__clang__)
enum { FRAMES_UNKNOWN = true };
#else
enum { FRAMES_UNKNOWN = false };
#endif

struct subject {
    const char *name;
    int (*run)(int);
    int argument;
};

extern const char __start_walk_subjects[], __stop_walk_subjects[], __start_walk_outer[], __stop_walk_outer[];
extern const char __start_walk_outermost[], __stop_walk_outermost[];

static int steps, callers_found, callers_missed, looks_within;
static long all_found;
static uintptr_t wrong; /* where something else was found; 0: nowhere */
static const char *wrong_how;
static sigjmp_buf out;

/* ---- reading ---- */

/* What is behind the traps. */
static char byte_behind(uintptr_t at, char byte)
{
#ifdef STEPS_TRAP
    uintptr_t from = (uintptr_t)steps_from;
    if (at - from < steps_count * sizeof(steps_word))
        return ((const char *)steps_kept)[at - from];
#endif
    (void)at;
    return byte;
}

static int read_memory(const void *unused, uintptr_t at, void *to, size_t size)
{
    char *bytes = to;

    (void)unused;
    if (os_peek(at, to, size) != size)
        return 0;
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_behind(at + i, bytes[i]);
    return 1;
}

/* ---- looking ---- */

static bool within(uintptr_t pc, const char *start, const char *stop)
{
    return pc - (uintptr_t)start < (uintptr_t)(stop - start);
}
#define IN(pc, section) within((pc), __start_walk_##section, __stop_walk_##section)

static void found_wrong(uintptr_t pc, const char *how)
{
    if (!wrong)
        wrong_how = how;
    wrong = wrong ? wrong : pc;
}

/* From the outer function on. */
static void look_outwards(struct arch_place *at, uintptr_t where)
{
    if (!IN(at->pc, outer))
        found_wrong(where, "the caller");
    else if (!arch_find_caller(at, read_memory, NULL) || !IN(at->pc, outermost))
        found_wrong(where, "the caller's caller");
}

static void look_from(struct arch_place at)
{
    uintptr_t where = at.pc;
    bool found = arch_find_caller(&at, read_memory, NULL);
    bool missed = !found || IN(at.pc, outermost) || (OLD_CHAINS && !IN(at.pc, outer));

    steps++;
    if (!EVERYWHERE && missed) {
        callers_missed++;
    } else if (!found) {
        found_wrong(where, "no caller");
    } else {
        callers_found++;
        look_outwards(&at, where);
    }
}

enum { LONG = 300 /* more steps than any function has that ends */ };

static void on_step(void)
{
    void *frame = (void *)steps_frame;
    uintptr_t pc = arch_frame_pc(frame);

    if (IN(pc, subjects))
        look_from(
            (struct arch_place){.pc = pc, .sp = arch_frame_sp(frame), .fp = arch_frame_fp(frame), .link = arch_frame_link(frame)});
    if (steps >= LONG)
        siglongjmp(out, 1);
}

/* What a subject calls: it has come from there, and from outside. */
static __attribute__((noinline)) int look_from_within(const void *frame, const void *cfa, const void *caller)
{
    struct arch_place at = {.pc = arch_unsigned((uintptr_t)caller) - 1,
                            .sp = (uintptr_t)cfa - ARCH_CFA_OFFSET,
                            .fp = ARCH_CALLER_FP(frame, cfa, caller)};
    uintptr_t where = at.pc;

    (void)frame;
    looks_within++;
    if (IN(at.pc, outer)) /* a subject's last act: it has gone itself */
        look_outwards(&at, where);
    else if (!IN(at.pc, subjects))
        found_wrong(where, "who called this");
    else if (!arch_find_caller(&at, read_memory, NULL))
        found_wrong(where, "no caller of who called this");
    else
        look_outwards(&at, where);
    return 1;
}
#define LOOK_FROM_WITHIN() look_from_within(ARCH_FRAME_ADDRESS(), ARCH_FRAME_CFA(), ARCH_RETURN_ADDRESS())

static __attribute__((noinline)) int be_called(int n)
{
    return n + LOOK_FROM_WITHIN();
}

static __attribute__((noinline, noreturn)) void give_up(void)
{
    LOOK_FROM_WITHIN();
    siglongjmp(out, 1);
}

#if (defined(__powerpc64__) || defined(__arm__)) && !defined(__clang__)
#define NO_TABLE __attribute__((optimize("no-jump-tables")))
#else
#define NO_TABLE
#endif

#define WALKED(name) name
#include "walked.h"

#if defined(__mips__) && !defined(__clang__)
#define HAS_BARE true
#pragma GCC push_options
#pragma GCC optimize("omit-frame-pointer")
#define WALKED(name) bare_##name
#include "walked.h"
#pragma GCC pop_options
#else
#define HAS_BARE      false
#define bare_subjects subjects
#endif

/* ---- running ---- */

static volatile int result;

__attribute__((noinline, section("walk_outer"))) static void call(const struct subject *s, bool in_steps)
{
    if (in_steps)
        steps_begin((const void *)s->run);
    result = s->run(s->argument);
    if (in_steps)
        steps_end();
}

/* Once as it is, in which those it calls look, and once by steps. One without end is left in the midst of it. */
__attribute__((noinline, section("walk_outermost"))) static void call_both(const struct subject *s, bool in_steps)
{
    if (sigsetjmp(out, 1) == 0)
        call(s, in_steps);
    else
        steps_end();
    __asm__ volatile("");
}

static void look_at(const struct subject *s, const char *kind)
{
    char sentence[200];
    bool ends = strstr(s->name, "ends") == NULL && strstr(s->name, "nothing") == NULL;

    steps = callers_found = callers_missed = looks_within = 0;
    wrong = 0;
    if (ends)
        call_both(s, false);
    call_both(s, true);
    snprintf(sentence, sizeof sentence, "the caller is found everywhere in %s%s", s->name, kind);
    if (wrong)
        printf("# %s at 0x%lx, which is subjects + 0x%lx\n", wrong_how, (unsigned long)wrong,
               (unsigned long)(wrong - (uintptr_t)__start_walk_subjects));
    printf("# %d steps, %d found, %d missed; %d from within\n", steps, callers_found, callers_missed, looks_within);
    OK(steps > 0 && !wrong, sentence);
    all_found += callers_found;
}

/* ---- garbage ---- */

static uint64_t random_state = 88172645463325252u;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int read_garbage(const void *unused, uintptr_t at, void *to, size_t size)
{
    char *bytes = to;

    (void)unused;
    (void)at;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)random_number();
    return random_number() % 1000 != 0;
}

static int read_nothing(const void *unused, uintptr_t at, void *to, size_t size)
{
    (void)unused, (void)at, (void)to, (void)size;
    return 0;
}

/* Registers that are garbage, with memory that is, or code and stack of the program's own. */
static void garbage(void)
{
    static uintptr_t words[64];
    long found = 0;

    for (int i = 0; i < 3000; i++) {
        uintptr_t stack = (uintptr_t)words + random_number() % sizeof words;
        struct arch_place at = {.pc = (uintptr_t)random_number(), .sp = stack, .fp = stack, .link = (uintptr_t)random_number()};
        for (size_t n = 0; n < sizeof words / sizeof words[0]; n++)
            words[n] = random_number() % 4 ? (uintptr_t)&words[random_number() % 64] : (uintptr_t)random_number();
        if (i % 3 == 0)
            at.pc = (uintptr_t)__start_walk_subjects + random_number() % 512;
        for (int n = 0; n < 100 && arch_find_caller(&at, i % 2 ? read_garbage : read_memory, NULL); n++)
            found++;
    }
    OK(found >= 0, "garbage does no harm");
    struct arch_place at = {.pc = 4096, .sp = 8192, .fp = 8192}, was = at;
    OK(!arch_find_caller(&at, read_nothing, NULL) && memcmp(&at, &was, sizeof at) == 0,
       "where nothing can be read no caller is known");
}

int main(void)
{
    if (FRAMES_UNKNOWN) {
        printf("1..0 # SKIP frame pointers lead to no record that says who called\n");
        return 0;
    }
    arch_init();
    if (steps_install(on_step) != 0)
        return 1;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        look_at(&subjects[i], "");
        if (HAS_BARE)
            look_at(&bare_subjects[i], ", without a frame pointer");
    }
    OK(all_found > 100, "at most of the instructions");
    garbage();
    return tap_end();
}
