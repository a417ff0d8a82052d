/* Hogs: goroutines that compute without ever calling the library, in loops of the shapes that compilers make.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOGS_H
#define TEST_HOGS_H

#include <sys/auxv.h>
#include "sanitizers.h"
#include "test.h"

/* A loop runs until *stop and adds one to *turns now and then. */
typedef void hog_loop(const atomic_bool *stop, atomic_ulong *turns);

hog_loop hog_tight;       /* a load and a branch; never counts a turn */
hog_loop hog_counting;    /* one block that writes memory */
hog_loop hog_arithmetic;  /* registers only, no frame */
hog_loop hog_atomic;      /* locked instructions */
hog_loop hog_calling;     /* calls a leaf */
hog_loop hog_indirect;    /* calls through pointers */
hog_loop hog_branching;   /* a jump table */
hog_loop hog_recursive;   /* the stack grows and shrinks */
hog_loop hog_big_frame;   /* a frame of 8 KiB */
hog_loop hog_alloca;      /* frames of changing size */
hog_loop hog_leaf_locals; /* locals below the stack pointer, where the CPU's ABI has a red zone */
hog_loop hog_floating;    /* float, double and long double */
hog_loop hog_vector;      /* vectors of 16 bytes */
hog_loop hog_string;      /* an instruction that repeats itself, where the CPU has one */
hog_loop hog_pushing;     /* a stack pointer that moves, where the CPU has push and pop */

enum { HOGS_MAX = 64 };

struct hogs {
    atomic_bool stop;
    hog_loop *loop;
    struct crew *crew;
    struct hog {
        _Alignas(64) atomic_ulong turns;
    } each[HOGS_MAX];
};

/* Where nothing is preempted (test_can_preempt), hogs yield, whatever their loop, and tests that are about it are skipped. */
#define NEEDS_PREEMPTION()                                                                                                         \
    do {                                                                                                                           \
        if (!test_can_preempt())                                                                                                   \
            SKIP("preemption is off");                                                                                             \
    } while (0)

/* Where identities are not handed over, a goroutine is not taken off inside libc. */
#define NEEDS_IDENTITIES()                                                                                                         \
    do {                                                                                                                           \
        if (!test_has_identities())                                                                                                \
            SKIP("identities are not handed over here");                                                                           \
    } while (0)

/* Where the library does not look at what threads do, since the sanitizer's own calls would look like the program's; so a thread
 * asleep in a call keeps its processor. */
#define NEEDS_TAKING()                                                                                                             \
    do {                                                                                                                           \
        if (WITH_TSAN)                                                                                                             \
            SKIP("the library takes no processors away under ThreadSanitizer");                                                    \
        NEEDS_CALLS_SEEN();                                                                                                        \
    } while (0)

static inline bool test_has_identities(void)
{
    return WITH_IDENTITIES;
}

/* Nobody has loaded a static program, and its own text can not be told from libc's. */
static inline bool test_is_static(void)
{
    return getauxval(AT_BASE) == 0;
}

/* Starts n hogs; they need no clean-up beyond hogs_stop, which waits until all have ended. */
struct hogs *hogs_start(int n, hog_loop *loop);
void hogs_stop(struct hogs *h);

unsigned long hogs_turns(struct hogs *h, int index);

/* Runs crews of fn on two processors at the shortest slice, again and again, until they were preempted often enough to mean
 * something. */
void hogs_crowd(crew_fn *fn, void *arg);

/* How many goroutines have been taken off so far. */
uint64_t hogs_preemptions(void);

/* Computes in the program's own text for at least so long, without a call to any library's function in between. */
void hog_for(int64_t ns);

/* Waits (by yielding) until this hog has counted a turn more. */
void hogs_wait_for_turn(struct hogs *h, int index);

#endif
