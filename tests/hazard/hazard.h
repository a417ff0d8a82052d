/* What the tests of this folder share. Each is about something in the way that ordinary C code, libc above all, uses the thread
 * that it runs on, and that a goroutine taken off in the middle could break. docs/testing.md has the table of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_HAZARD_H
#define TESTS_HAZARD_H

#include "hazard/identity.h"
#include "hogs.h"

/* Work that takes some microseconds, in the program's own text: somewhere to be taken off. */
static inline void linger(int turns)
{
    for (int i = 0; i < turns; i++)
        __asm__ volatile("" : "+r"(i));
}

/* As hogs_crowd, for what goes wrong in few places: about so many preemptions, or as many as a few seconds have. */
static inline void crowd(int preemptions, crew_fn *fn, void *arg)
{
    uint64_t before = hogs_preemptions();
    int64_t end = test_now() + 3 * GO_SECOND;

    do
        hogs_crowd(fn, arg);
    while (test_can_preempt() && hogs_preemptions() - before < (uint64_t)SCALED(preemptions) && test_now() < end);
}

struct with_identity {
    crew_fn *fn;
    void *arg;
};

static inline void run_with_identity(void *arg, int index)
{
    struct with_identity *w = arg;

    identity_begin();
    w->fn(w->arg, index);
    identity_end();
}

/* As crowd, for code that relies on what libc keeps for each thread. */
static inline void crowd_with_identity(int preemptions, crew_fn *fn, void *arg)
{
    struct with_identity w = {fn, arg};

    crowd(preemptions, run_with_identity, &w);
}

/* The same once, with as many as it takes. */
static inline void run_many_with_identity(int n, crew_fn *fn, void *arg)
{
    struct with_identity w = {fn, arg};

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(n, run_with_identity, &w);
}

#endif
