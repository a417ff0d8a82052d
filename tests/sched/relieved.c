/* A thread is late, and the relief has taken its place: it comes all the same, for the relief runs only those that were taken off;
 * and none of these uses the relief up.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
#include "test.h"
#include "sanitizers.h"

#include "sched/identity.h"
#include "sched/runtime.h"

enum { KEEPERS = 12, LEFT = 3, HOGS = 2, ON_THEIR_WAY = 4, SECONDS_MOST = 20 };

static atomic_bool makes_none; /* threads are not made at the moment */
static atomic_bool waits;      /* who makes them has come to it */
static atomic_bool served, other_ran, enters, over;
static atomic_int hogs_run;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    while (atomic_load(&makes_none)) {
        atomic_store(&waits, true);
        usleep(1000);
    }
    return __real_pthread_create(thread, attr, run, arg);
}

/* So many that the maker has to make more, but nobody waits for one. */
static void keep_identity(void *arg, int index)
{
    bool keeps = identity_spares() > LEFT;

    (void)arg;
    (void)index;
    if (keeps)
        CHECK_EQ(0, go_lock_identity());
    while (!atomic_load(&waits))
        go_yield();
    if (keeps)
        CHECK_EQ(0, go_unlock_identity());
}

static bool is_on_the_relief(void)
{
    return thread_self() == load_relaxed(&sched.relief);
}

/* Taken off again and again, until the other has run. */
static void hog_until_other_ran(int index)
{
    int64_t end = go_now() + SECONDS_MOST * GO_SECOND;

    (void)index;
    atomic_fetch_add(&hogs_run, 1);
    while (!atomic_load(&other_ran) && go_now() < end)
        for (volatile int i = 0; i < 100000; i++)
            if (is_on_the_relief()) {
                atomic_store(&served, true);
                atomic_store(&makes_none, false);
            }
    CHECK(atomic_load(&other_ran));
    atomic_store(&over, true);
}

/* The one enters a region while the relief runs it, and the other must run for it to leave. */
static void hog_and_enter(int index)
{
    int64_t end = go_now() + SECONDS_MOST * GO_SECOND;

    atomic_fetch_add(&hogs_run, 1);
    while (!(index == 0 ? is_on_the_relief() : atomic_load(&enters)) && go_now() < end)
        for (volatile int i = 0; i < 100000 && !(index == 0 && is_on_the_relief()); i++)
            ;
    atomic_store(index == 0 ? &enters : &over, true);
    go_blocking_begin();
    while (!atomic_load(&over) && go_now() < end)
        usleep(1000);
    go_blocking_end();
    CHECK(go_now() < end);
    atomic_store(&makes_none, false);
}

/* The identities that there are, are for the hogs to be taken off with. */
static void yield_while(bool (*what)(void))
{
    go_preempt_off();
    while (what())
        go_yield();
    go_preempt_on();
}

static bool a_hog_has_not_begun(void)
{
    return atomic_load(&hogs_run) < HOGS;
}

static bool none_was_served(void)
{
    return !atomic_load(&served);
}

/* Each on a thread of its own, which it keeps, so that none is left. */
static void block(void)
{
    yield_while(a_hog_has_not_begun);
    go_blocking_begin();
    while (!atomic_load(&over))
        usleep(1000);
    go_blocking_end();
}

static void yield(void)
{
    yield_while(none_was_served);
    atomic_store(&other_ran, true);
}

struct play {
    void (*hog)(int index);
    int blockers; /* as many as there are threads, and as may not have said yet that they are; too many wait, as the others do */
};

static void take_part(void *arg, int index)
{
    struct play *play = arg;

    if (index < HOGS)
        play->hog(index);
    else if (index < HOGS + play->blockers)
        block();
    else
        yield();
}

/* `others` yield. */
static void take_all_threads(void (*hog)(int index), int others)
{
    struct play play = {hog, 0};

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    test_settle();
    EVENTUALLY(identity_spares() > LEFT);
    hogs_run = 0;
    served = other_ran = enters = over = waits = false;
    atomic_store(&makes_none, true);
    crew_run(KEEPERS, keep_identity, NULL);
    play.blockers = (int)load_relaxed(&sched.threads) + ON_THEIR_WAY;
    crew_run(HOGS + play.blockers + others, take_part, &play);
}

#define NEEDS_RELIEF()                                                                                                             \
    if (!identity_is_possible() || !test_can_preempt())                                                                            \
    SKIP("goroutines do not keep thread identities")

TEST(where_the_relief_has_taken_a_threads_place_those_without_an_identity_run_too)
{
    NEEDS_RELIEF();
    take_all_threads(hog_until_other_ran, 1);
    CHECK(atomic_load(&served));
}

TEST(a_blocking_region_does_not_use_the_relief_up)
{
    NEEDS_RELIEF();
    take_all_threads(hog_and_enter, 0);
}
