/* What a handler of the program's that sleeps or computes has interrupted: the library or a sequence, which go on with the
 * processor that they had, or the program. By single steps, each of which ends in a trap, whose handler sends the
 * signal: it comes at the very instruction that was to be next.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include "hogs.h"
#include "sanitizers.h"

#include "arch/arch.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#include "sched/sched.h"
#include "sched/sequences.h"
#include "sched/steps.h"

enum { LIBRARY, A_SEQUENCE, PROGRAM, PLACES, MOST_STEPS = 300, NAP = 10 * GO_MILLISECOND };

static volatile int steps, strike_at;
static atomic_int naps[PLACES], taken[PLACES];
static sequence_cells cells;
static volatile unsigned long restarts;

static void on_step(void)
{
    if (++steps == strike_at)
        pthread_kill(pthread_self(), SIGUSR1);
}

static int place_of(const void *frame)
{
    uintptr_t pc = arch_frame_pc(frame);

    return preempt_in_library(pc) ? LIBRARY : restart_moves(pc) ? A_SEQUENCE : PROGRAM;
}

/* True if it costs the processor. */
static bool nap(void)
{
    uint64_t before = load_relaxed(&sched.retaken);

    nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
    return load_relaxed(&sched.retaken) != before;
}

/* No more traps: they would go along to others, whom the library runs instead, and overwrite what is left of the frame. */
static void end_steps(void *frame)
{
    steps_end_of(frame);
}

static void nap_there(int number, siginfo_t *info, void *frame)
{
    int place = place_of(frame);

    (void)number;
    (void)info;
    end_steps(frame);
    atomic_fetch_add(&taken[place], nap());
    atomic_fetch_add(&naps[place], 1);
}

static volatile int struck;

static void note_place(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    struck = place_of(frame);
    end_steps(frame);
}

static __attribute__((noinline)) void call_the_library(void)
{
    go_id();
}

static __attribute__((noinline)) void pass_a_sequence(void)
{
    sequence_add(cells, &restarts);
}

/* Where no step goes along with calls, a function of the library's is stepped through by itself. */
static __attribute__((noinline)) void in_steps(void (*run)(void))
{
    steps_begin(run == call_the_library && !STEPS_WHOLE ? (const void *)go_id : (const void *)run);
    run();
    steps_end();
}

static void strike_everywhere(void (*run)(void))
{
    for (strike_at = 1; strike_at <= MOST_STEPS; strike_at++) {
        go_yield(); /* it has a processor when it begins */
        steps = 0;
        in_steps(run);
        if (steps < strike_at)
            return;
    }
}

/* Nothing is preempted in the handlers. */
static void install(void (*on_signal)(int number, siginfo_t *info, void *frame))
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

    mask_all(&action.sa_mask);
    CHECK_EQ(0, steps_install(on_step));
    CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
}

#define NEEDS_FRAMES_AND_TAKING()                                                                                                  \
    do {                                                                                                                           \
        if (WITH_TSAN)                                                                                                             \
            SKIP("the library takes no processors away under ThreadSanitizer");                                                    \
        if (getenv("GOROUTINE_PREEMPT") && strcmp(getenv("GOROUTINE_PREEMPT"), "inject") == 0)                                     \
            SKIP("an injected call would be stepped through");                                                                     \
    } while (0)

static struct hogs *start_hog(void)
{
    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    return hogs_start(1, hog_counting);
}

static void end(struct hogs *h)
{
    hogs_stop(h);
    signal(STEPS_SIGNAL, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

TEST(a_handler_that_sleeps_on_top_of_the_library_or_of_a_sequence_keeps_the_processor)
{
    struct hogs *h;

    NEEDS_FRAMES_AND_TAKING();
    NEEDS_CALLS_SEEN();
    install(nap_there);
    h = start_hog();
    strike_everywhere(call_the_library);
    strike_everywhere(pass_a_sequence);
    end(h);
    CHECK(atomic_load(&naps[LIBRARY]) > 5);
    CHECK_EQ(0, atomic_load(&taken[LIBRARY]));
    CHECK_BETWEEN(SEQUENCE_LENGTH, INT64_MAX, atomic_load(&naps[A_SEQUENCE])); /* it begins anew where the slice ends */
    CHECK_EQ(0, atomic_load(&taken[A_SEQUENCE]));
    CHECK(atomic_load(&taken[PROGRAM]) > 0);
    test_note("%d naps on the library, %d on a sequence, %d on the program, %d of which lost the processor",
              atomic_load(&naps[LIBRARY]), atomic_load(&naps[A_SEQUENCE]), atomic_load(&naps[PROGRAM]),
              atomic_load(&taken[PROGRAM]));
}

/* ---- handlers that compute ---- */

static atomic_ulong others; /* what another goroutine has done */
static atomic_bool stop;
static atomic_int left[PLACES], stays[PLACES];

static void run_beside(void *arg, int index)
{
    (void)arg;
    (void)index;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        atomic_fetch_add_explicit(&others, 1, memory_order_relaxed);
}

/* For some slices, in the program's own text. True if the other one has run meanwhile. */
static bool compute(void)
{
    unsigned long before = atomic_load(&others);
    int64_t end = test_now() + 5 * GO_MILLISECOND;

    while (test_now() < end)
        for (int i = 0; i < 100000; i++)
            __asm__ volatile("" ::: "memory");
    return atomic_load(&others) != before;
}

static void compute_there(int number, siginfo_t *info, void *frame)
{
    int place = place_of(frame);

    (void)number;
    (void)info;
    end_steps(frame);
    atomic_fetch_add(compute() ? &left[place] : &stays[place], 1);
}

TEST(a_handler_that_computes_on_top_of_the_library_is_not_preempted)
{
    struct crew *c;
    struct sigaction action = {.sa_sigaction = compute_there, .sa_flags = SA_SIGINFO};

    NEEDS_PREEMPTION();
    NEEDS_FRAMES_AND_TAKING();
    install(compute_there);
    sigemptyset(&action.sa_mask); /* but not the library's interrupt */
    CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
    CHECK_EQ(0, go_lock_thread()); /* who is preempted in a handler leaves its mask on the thread, and may go on on another */
    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    c = crew_start(1, run_beside, NULL);
    strike_everywhere(call_the_library);
    strike_everywhere(pass_a_sequence);
    atomic_store(&stop, true);
    crew_wait(c);
    CHECK_EQ(0, go_unlock_thread());
    signal(SIGTRAP, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    test_note("on the library %d were preempted, %d were not; on the program %d and %d", atomic_load(&left[LIBRARY]),
              atomic_load(&stays[LIBRARY]), atomic_load(&left[PROGRAM]), atomic_load(&stays[PROGRAM]));
    CHECK_EQ(0, atomic_load(&left[LIBRARY]));
    CHECK(atomic_load(&stays[LIBRARY]) > 5);
    CHECK(atomic_load(&left[PROGRAM]) > 0);
}

/* ---- what is left of them ---- */

/* The frame of the handler's interrupt lies in the room that is left here. */
static __attribute__((noinline)) bool nap_below_what_is_left(void)
{
    char room[32768];

    __asm__ volatile("" ::"r"(room) : "memory");
    return nap();
}

/* Some signal is masked all the time, as in programs that wait for their signals in one place. */
TEST(what_is_left_of_a_handler_that_has_ended_keeps_no_processor)
{
    int napped = 0, lost = 0;
    sigset_t other;
    struct hogs *h;

    NEEDS_FRAMES_AND_TAKING();
    NEEDS_CALLS_SEEN();
    install(note_place);
    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    CHECK_EQ(0, go_lock_thread());
    pthread_sigmask(SIG_BLOCK, &other, NULL);
    h = start_hog();
    for (strike_at = 1; strike_at <= MOST_STEPS && napped < 10; strike_at++) {
        go_yield();
        steps = 0;
        in_steps(call_the_library);
        if (steps < strike_at)
            break;
        if (struck == LIBRARY) {
            napped++;
            lost += nap_below_what_is_left();
        }
    }
    end(h);
    pthread_sigmask(SIG_UNBLOCK, &other, NULL);
    CHECK_EQ(0, go_unlock_thread());
    CHECK(napped > 5);
    CHECK(lost > 0);
    test_note("%d of %d naps lost the processor", lost, napped);
}

enum { STANDING = 8 };

struct standing {
    struct goroutine *g[STANDING];
    uintptr_t sp[STANDING];
    atomic_int count;
    go_chan *end;
};

static void stand(void *arg, int index)
{
    struct standing *s = arg;

    s->g[index] = sched_self();
    s->sp[index] = (uintptr_t)__builtin_frame_address(0);
    atomic_fetch_add(&s->count, 1);
    CHECK_EQ(-EPIPE, go_recv(s->end, NULL));
}

static bool all_count(uintptr_t pc)
{
    (void)pc;
    return true;
}

/* Who watches a thread may take the one for the other: between its two looks the thread goes on to somebody else. */
TEST(a_stack_is_not_looked_at_from_a_place_on_another_one)
{
    struct standing s = {0};
    struct crew *crew;

    s.end = test_chan(0, 0);
    crew = crew_start(STANDING, stand, &s);
    EVENTUALLY(atomic_load(&s.count) == STANDING);
    for (int i = 0; i < STANDING; i++)
        for (int j = 0; j < STANDING; j++) {
            CHECK_EQ(i == j ? s.g[i]->stack_high : s.sp[j], goroutine_stack_end(s.g[i], s.sp[j]));
            if (i != j)
                CHECK(!beneath_lies(s.g[i], s.sp[j], ~UINT64_C(0), all_count));
        }
    CHECK_EQ(0, go_chan_close(s.end));
    crew_wait(crew);
}
