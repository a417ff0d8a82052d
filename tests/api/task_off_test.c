/* Switching preemption off: nobody else runs on the processor until it is on again, and then at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdatomic.h>
#include "emulator.h"
#include "hogs.h"

enum { LONG = 50 * 1000000 }; /* many slices, in nanoseconds */

TEST(nobody_else_runs_on_the_processor_while_preemption_is_off)
{
    struct hogs *h;
    unsigned long before;

    go_maxprocs(1);
    h = hogs_start(2, hog_counting);
    hogs_wait_for_turn(h, 1);
    go_preempt_off();
    before = hogs_turns(h, 0) + hogs_turns(h, 1);
    hog_for(LONG);
    CHECK_EQ(before, hogs_turns(h, 0) + hogs_turns(h, 1));
    go_preempt_on();
    hogs_stop(h);
}

TEST(a_preemption_put_off_happens_at_the_last_preempt_on)
{
    struct hogs *h;
    int happened = 0;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    for (int i = 0; i < 10; i++) {
        unsigned long before;

        go_preempt_off();
        before = hogs_turns(h, 0);
        hog_for(LONG);
        go_preempt_on();
        happened += hogs_turns(h, 0) != before;
    }
    CHECK_BETWEEN(9, 10, happened);
    hogs_stop(h);
}

TEST(preempt_off_nests)
{
    enum { DEPTH = 100 };
    struct hogs *h;
    unsigned long before;

    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    for (int i = 0; i < DEPTH; i++)
        go_preempt_off();
    before = hogs_turns(h, 0);
    for (int i = 0; i < DEPTH - 1; i++) {
        go_preempt_on();
        if (i % 33 == 0)
            hog_for(LONG / 5);
        CHECK_EQ(before, hogs_turns(h, 0));
    }
    go_preempt_on();
    hogs_wait_for_turn(h, 0);
    hogs_stop(h);
}

TEST(a_blocking_call_lets_others_run_while_preemption_is_off)
{
    struct hogs *h;
    unsigned long before;

    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    go_preempt_off();
    for (int i = 0; i < 5; i++) {
        before = hogs_turns(h, 0);
        CHECK_EQ(0, go_sleep(5 * GO_MILLISECOND));
        CHECK(hogs_turns(h, 0) != before);
        before = hogs_turns(h, 0); /* it is still off */
        hog_for(LONG / 5);
        CHECK_EQ(before, hogs_turns(h, 0));
    }
    before = hogs_turns(h, 0);
    go_yield();
    CHECK(hogs_turns(h, 0) != before);
    go_preempt_on();
    hogs_stop(h);
}

static void count_turns(void *turns, int index)
{
    (void)index;
    atomic_fetch_add((atomic_int *)turns, 1);
}

TEST(who_waits_behind_one_that_cannot_be_taken_off_runs_on_another_processor_though_that_has_work)
{
    enum { CREW = 5 };
    static atomic_int turns;
    int64_t end = go_now() + 20 * GO_SECOND;
    struct hogs *h;
    struct crew *behind;
    unsigned long before;

    NEEDS_PREEMPTION();
    atomic_store(&turns, 0);
    go_maxprocs(2);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    go_preempt_off();
    for (before = hogs_turns(h, 0); hogs_turns(h, 0) == before && go_now() < end;)
        hog_for(LONG / 50);
    behind = crew_start(CREW, count_turns, &turns);
    while (atomic_load(&turns) < CREW && go_now() < end)
        hog_for(LONG / 50);
    CHECK_EQ(CREW, atomic_load(&turns));
    go_preempt_on();
    crew_wait(behind);
    hogs_stop(h);
}

static void wait_with_preemption_off(void *arg, int index)
{
    (void)index;
    go_preempt_off();
    go_recv(arg, NULL);
    go_preempt_on();
}

TEST(preempt_off_in_one_goroutine_does_not_bind_the_others)
{
    go_chan *c = test_chan(0, 0);
    struct crew *waiters;
    struct hogs *h;

    go_maxprocs(1);
    waiters = crew_start(10, wait_with_preemption_off, c);
    test_settle();
    h = hogs_start(2, hog_arithmetic);
    for (int i = 0; i < 3; i++) {
        hogs_wait_for_turn(h, 0);
        hogs_wait_for_turn(h, 1);
    }
    hogs_stop(h);
    for (int i = 0; i < 10; i++)
        go_send(c, NULL);
    crew_wait(waiters);
}

static void end_with_preemption_off(void *arg, int index)
{
    (void)arg;
    (void)index;
    go_preempt_off();
    go_preempt_off();
}

TEST(preempt_off_ends_with_its_goroutine)
{
    struct hogs *h;

    go_maxprocs(1);
    crew_run(100, end_with_preemption_off, NULL);
    h = hogs_start(HOGS_MAX, hog_counting);
    for (int i = 0; i < 3; i++)
        hogs_wait_for_turn(h, i);
    hogs_stop(h);
}

struct swap {
    go_chan *there, *back;
};

/* Blocks, with preemption off, again and again: it may come back on any thread. */
static void wander_with_preemption_off(void *arg, int index)
{
    struct swap *s = arg;

    for (int i = 0; i < 1000; i++) {
        go_preempt_off();
        if (index) {
            go_recv(s->there, NULL);
            go_send(s->back, NULL);
        } else {
            go_send(s->there, NULL);
            go_recv(s->back, NULL);
        }
        go_preempt_on();
    }
}

TEST(preempt_off_goes_along_when_its_goroutine_moves_to_another_thread)
{
    struct swap *s = test_alloc(sizeof *s);
    struct hogs *h;
    struct crew *c;

    *s = (struct swap){test_chan(0, 0), test_chan(0, 0)};
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(2, hog_counting);
    c = crew_start(2, wander_with_preemption_off, s);
    crew_wait(c);
    hogs_wait_for_turn(h, 0);
    hogs_wait_for_turn(h, 1);
    hogs_stop(h);
}

static void switch_on_a_thread(void *arg, int index)
{
    (void)arg;
    (void)index;
    go_preempt_on(); /* no effect, so not even a panic */
    go_preempt_off();
    go_preempt_off();
    go_preempt_on();
}

TEST(preempt_off_and_on_have_no_effect_on_a_plain_thread)
{
    struct hogs *h;

    crew_wait(crew_start_threads(2, switch_on_a_thread, NULL));
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    hogs_stop(h);
}

static void add_up_with_preemption_off(void *arg, int index)
{
    volatile long *sum = arg;

    (void)index;
    for (int i = 0; i < 100000; i++) {
        go_preempt_off();
        *sum = *sum + 1;
        go_preempt_on();
    }
}

TEST(on_one_processor_preempt_off_makes_a_plain_addition_atomic)
{
    long *sum = test_alloc(sizeof *sum);

    go_maxprocs(1);
    go_slice(20 * GO_MICROSECOND);
    crew_run(4, add_up_with_preemption_off, sum);
    CHECK_EQ(400000, *sum);
}

/* ---- locks of libc's: who waits for one does so with its processor, so its owner must get at it ---- */

struct contest {
    pthread_mutex_t mutex;
    atomic_bool locked, done;
    long sum;
};

static void hold_for_long(void *arg, int index)
{
    struct contest *c = arg;

    (void)index;
    pthread_mutex_lock(&c->mutex);
    atomic_store(&c->locked, true);
    hog_for(LONG);
    atomic_store(&c->done, true);
    pthread_mutex_unlock(&c->mutex);
}

static struct contest *contest_new(void)
{
    struct contest *c = test_alloc(sizeof *c);

    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

TEST(who_waits_for_a_lock_with_preemption_off_lets_its_owner_run)
{
    struct contest *c;
    struct crew *owner;

    NEEDS_IDENTITIES();
    NEEDS_CALLS_SEEN();
    c = contest_new();
    go_maxprocs(1);
    owner = crew_start(1, hold_for_long, c);
    EVENTUALLY(atomic_load(&c->locked));
    go_preempt_off();
    pthread_mutex_lock(&c->mutex);
    CHECK(atomic_load(&c->done));
    pthread_mutex_unlock(&c->mutex);
    go_preempt_on();
    crew_wait(owner);
}

static void add_after_a_lock(void *arg, int index)
{
    struct contest *c = arg;
    long sum;

    (void)index;
    for (int i = 0; i < SCALED(300); i++) {
        pthread_mutex_lock(&c->mutex);
        hog_for(30 * GO_MICROSECOND); /* often it is taken off here */
        pthread_mutex_unlock(&c->mutex);
        go_preempt_off();
        pthread_mutex_lock(&c->mutex);
        pthread_mutex_unlock(&c->mutex);
        sum = *(volatile long *)&c->sum;
        hog_for(5 * GO_MICROSECOND);
        c->sum = sum + 1;
        go_preempt_on();
    }
}

TEST(who_has_waited_for_a_lock_with_preemption_off_has_the_processor_to_itself)
{
    struct contest *c;

    NEEDS_IDENTITIES();
    NEEDS_CALLS_SEEN();
    c = contest_new();
    go_maxprocs(1);
    go_slice(20 * GO_MICROSECOND);
    crew_run(4, add_after_a_lock, c);
    CHECK_EQ(4 * SCALED(300), c->sum);
}
