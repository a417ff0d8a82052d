/* Restartable sequences, taken off at each of their instructions: by single steps, each of which ends in a trap.
 *
 * One processor. The goroutine under test runs an addition in a sequence in steps. At the n-th step the
 * handler of the trap strikes: it sends the library's interrupt, or a signal of the program's whose handler is preempted in turn.
 * Both are masked there, so they come at the end of the trap, at the very instruction that was to be next. Another goroutine adds
 * to the same cell meanwhile. n counts upward until the addition ends before it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "emulator.h"
#include "hogs.h"

#include "arch/arch.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#include "sched/sequences.h"
#include "sched/steps.h"

static volatile int steps, strike_at;
static void (*volatile strike)(void);
static sequence_cells cells;
static volatile unsigned long restarts;
static atomic_ulong others; /* additions of the other goroutine */
static atomic_bool stop;
static atomic_int handled;
static volatile bool missed; /* the last strike */

/* ---- striking ---- */

static void on_step(void)
{
    if (++steps == strike_at)
        strike();
}

static void strike_with_interrupt(void)
{
    os_interrupt(os_thread_self());
}

static void strike_with_signal(void)
{
    pthread_kill(pthread_self(), SIGUSR1);
}

static bool interrupts_the_librarys_handler(void)
{
    return os_masked() >> (SIGURG - 1) & 1;
}

/* Preempted in here: on this one processor others do not run before. The kernel puts the library's handler on top of this one,
 * where both are due; an emulator may do it the other way round, where nobody is preempted. */
static void on_signal(int number)
{
    unsigned long before = atomic_load(&others);

    (void)number;
    missed = interrupts_the_librarys_handler();
    if (missed)
        return;
    while (atomic_load_explicit(&others, memory_order_relaxed) == before)
        ;
    atomic_fetch_add(&handled, 1);
}

static void on_signal_with_info(int number, siginfo_t *info, void *frame)
{
    (void)info;
    (void)frame;
    on_signal(number);
}

static void install(int number, struct sigaction action)
{
    sigaddset(&action.sa_mask, STEPS_SIGNAL); /* not the library's interrupt */
    CHECK_EQ(0, sigaction(number, &action, NULL));
}

/* ---- additions ---- */

typedef bool addition(unsigned long *at, volatile unsigned long *restarted);

static void add_others(void *arg, int index)
{
    (void)arg;
    (void)index;
    volatile unsigned long restarted = 0;

    while (!atomic_load(&stop)) {
        if (sequence_add(cells, &restarted))
            atomic_fetch_add(&others, 1);
        go_yield();
    }
}

static __attribute__((noinline)) bool in_steps(addition *add)
{
    bool added;

    steps_begin((const void *)add);
    added = add(cells, &restarts);
    steps_end();
    return added;
}

struct outcome {
    int strikes, restarts;
    unsigned long lost;
};

/* Strikes at each instruction in turn, until one addition takes fewer. */
static struct outcome strike_everywhere(addition *add)
{
    struct outcome o = {0};
    unsigned long added = 0;
    struct crew *c;
    bool again;

    go_maxprocs(1);
    go_lock_identity(); /* without one the first strikes would be refused */
    go_unlock_identity();
    memset(cells, 0, sizeof cells);
    atomic_store(&others, 0);
    atomic_store(&stop, false);
    c = crew_start(1, add_others, NULL);
    do {
        unsigned long before = restarts;
        strike_at = o.strikes + 1;
        steps = 0;
        missed = false;
        preempt_force = 1;
        added += in_steps(add);
        preempt_force = 0;
        again = missed && emulated();
        CHECK_EQ(again, missed);
        o.restarts += !again && restarts != before;
    } while (steps >= strike_at && (again || ++o.strikes));
    atomic_store(&stop, true);
    crew_wait(c);
    o.lost = added + atomic_load(&others) - cells[0];
    return o;
}

static __attribute__((noinline)) bool add_marked(unsigned long *at, volatile unsigned long *restarted)
{
    return sequence_add(at, restarted);
}

static __attribute__((noinline)) bool add_unmarked(unsigned long *at, volatile unsigned long *restarted)
{
    return sequence_unmarked(at, restarted);
}

#define NEEDS_FRAMES()                                                                                                             \
    do {                                                                                                                           \
        NEEDS_PREEMPTION();                                                                                                        \
        if (getenv("GOROUTINE_PREEMPT") && strcmp(getenv("GOROUTINE_PREEMPT"), "frame") != 0)                                      \
            SKIP("an injected call would be stepped through");                                                                     \
    } while (0)

TEST(a_preemption_at_any_instruction_of_a_sequence_begins_it_anew)
{
    struct outcome o;

    NEEDS_FRAMES();
    CHECK_EQ(0, steps_install(on_step));
    go_slice(10 * GO_SECOND); /* nothing but the strikes */
    strike = strike_with_interrupt;
    o = strike_everywhere(add_marked);
    CHECK_BETWEEN(SEQUENCE_LENGTH, INT64_MAX, o.strikes);
    CHECK_EQ(SEQUENCE_LENGTH, o.restarts);
    CHECK_EQ(0, o.lost);
}

/* Two of them: what is between the load and the store. */
TEST(without_the_mark_the_same_instructions_lose_what_comes_between)
{
    struct outcome o;

    NEEDS_FRAMES();
    CHECK_EQ(0, steps_install(on_step));
    go_slice(10 * GO_SECOND); /* nothing but the strikes */
    strike = strike_with_interrupt;
    o = strike_everywhere(add_unmarked);
    CHECK_EQ(0, o.restarts);
    CHECK_BETWEEN(2, INT64_MAX, o.lost);
}

static void check_beneath_a_handler(struct sigaction action)
{
    struct outcome o;

    CHECK_EQ(0, steps_install(on_step));
    install(SIGUSR1, action);
    strike = strike_with_signal;
    atomic_store(&handled, 0);
    o = strike_everywhere(add_marked);
    CHECK_EQ(o.strikes, atomic_load(&handled));
    CHECK_BETWEEN(SEQUENCE_LENGTH, o.strikes, o.restarts); /* slices end too */
    CHECK_EQ(0, o.lost);
    signal(SIGUSR1, SIG_DFL);
}

TEST(a_preempted_handler_that_interrupted_a_sequence_begins_it_anew)
{
    NEEDS_FRAMES();
    check_beneath_a_handler((struct sigaction){.sa_handler = on_signal});
}

TEST(so_does_one_with_the_other_kind_of_frame)
{
    NEEDS_FRAMES();
    check_beneath_a_handler((struct sigaction){.sa_sigaction = on_signal_with_info, .sa_flags = SA_SIGINFO});
}

/* ---- what the sequence finds ---- */

TEST(a_sequence_knows_its_processor)
{
    sequence_cells mine = {0};
    unsigned long sum = 0, expected = 0;

    go_maxprocs(2);
    for (int i = 0; i < SCALED(1000); i++) {
        expected += sequence_add(mine, &restarts);
        go_yield();
    }
    for (int i = 0; i < SEQUENCE_CELLS; i++)
        sum += mine[i];
    CHECK_EQ(expected, sum);
    CHECK_EQ(SCALED(1000), sum);
    CHECK_EQ(sum, mine[0] + mine[1]);
}

static void add_nowhere(void *arg, int index)
{
    (void)index;
    CHECK(!sequence_add(arg, &restarts));
}

TEST(on_a_plain_thread_and_in_a_blocking_region_there_is_no_processor)
{
    sequence_cells mine = {0};

    crew_wait(crew_start_threads(1, add_nowhere, mine));
    go_blocking_begin();
    add_nowhere(mine, 0);
    go_blocking_end();
    CHECK(sequence_add(mine, &restarts));
}

/* ---- known objects ---- */

/* Where a goroutine that is taken off at pc goes on. */
static uintptr_t rewound(uintptr_t pc)
{
    ucontext_t frame = {0};

    arch_frame_set_pc(&frame, pc);
    restart_rewind(&main_goroutine, &frame);
    return arch_frame_pc(&frame);
}

/* A thousand sequences, one after the other with a gap, in descending order; the words of a record count from where they lie. */
enum { RECORDS = 1000, LENGTH = 10, GAP = 6 };
static char text[RECORDS * (LENGTH + GAP)];
static struct go_restart records[RECORDS];

static int32_t distance(const int32_t *word, const char *to)
{
    return (int32_t)((uintptr_t)to - (uintptr_t)word);
}

static void make_records(void)
{
    for (int i = 0; i < RECORDS; i++) {
        struct go_restart *r = &records[i];
        const char *begin = text + (RECORDS - 1 - i) * (LENGTH + GAP);
        r->begin = distance(&r->begin, begin);
        r->end = distance(&r->end, begin + LENGTH);
        r->restart = distance(&r->restart, begin + (i % 2 ? 0 : LENGTH + 1));
    }
}

static uintptr_t expected(int offset)
{
    int place = offset / (LENGTH + GAP), i = RECORDS - 1 - place;
    if (offset % (LENGTH + GAP) >= LENGTH)
        return (uintptr_t)text + offset;
    return (uintptr_t)text + place * (LENGTH + GAP) + (i % 2 ? 0 : LENGTH + 1);
}

static int wrong_ones(bool known)
{
    int wrong = 0;

    for (int offset = 0; offset < (int)sizeof text; offset++)
        wrong += rewound((uintptr_t)text + offset) != (known ? expected(offset) : (uintptr_t)text + offset);
    return wrong;
}

TEST(of_many_sequences_the_right_one_is_found_as_long_as_they_are_loaded)
{
    make_records();
    CHECK_EQ(0, wrong_ones(false));
    go_restart_load(records, records + RECORDS);
    go_restart_load(records, records + RECORDS);
    CHECK_EQ(0, wrong_ones(true));
    go_restart_unload(records, records + RECORDS);
    CHECK_EQ(0, wrong_ones(false));
    go_restart_unload(records, records + RECORDS);
}

static atomic_bool loading_stops;

static void load_and_unload(void *arg, int index)
{
    (void)arg;
    (void)index;
    while (!atomic_load(&loading_stops)) {
        go_restart_load(records, records + RECORDS);
        go_restart_unload(records, records + RECORDS);
    }
}

static void add_here(void *arg, int index)
{
    atomic_ulong *sum = arg;

    (void)index;
    for (int i = 0; i < SCALED(100000); i++)
        if (sequence_add(cells, &restarts))
            atomic_fetch_add_explicit(sum, 1, memory_order_relaxed);
}

TEST(sequences_begin_anew_also_while_objects_come_and_go)
{
    atomic_ulong sum = 0;
    unsigned long found = 0;
    struct crew *c;

    make_records();
    memset(cells, 0, sizeof cells);
    atomic_store(&loading_stops, false);
    c = crew_start_threads(2, load_and_unload, NULL);
    hogs_crowd(add_here, &sum);
    atomic_store(&loading_stops, true);
    crew_wait(c);
    for (int i = 0; i < SEQUENCE_CELLS; i++)
        found += cells[i];
    CHECK_EQ(atomic_load(&sum), found);
}

/* Which the others may be in the middle of at the moment of the fork. */
TEST(the_child_of_a_fork_may_load_and_unload)
{
    int status, ended = 0;
    struct crew *c;

    make_records();
    atomic_store(&loading_stops, false);
    c = crew_start_threads(2, load_and_unload, NULL);
    for (int i = 0; i < SCALED(100); i++) {
        pid_t child = fork();
        if (child == 0) {
            go_restart_load(records, records + RECORDS);
            go_restart_unload(records, records + RECORDS);
            _exit(0);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    atomic_store(&loading_stops, true);
    crew_wait(c);
    CHECK_EQ(SCALED(100), ended);
}
