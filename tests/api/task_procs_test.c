/* Processors: how many goroutines run at the same moment, at the start and when the number changes.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include "child.h"
#include "hogs.h"

static int start_procs(void)
{
    const char *text = getenv("GOMAXPROCS");
    cpu_set_t cpus;
    long n = text ? atol(text) : 0;

    if (n > 0)
        return n > 1024 ? 1024 : (int)n;
    CPU_ZERO(&cpus);
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : -1;
}

TEST(the_start_value_is_the_environments_or_the_number_of_cpus)
{
    CHECK_EQ(start_procs(), go_maxprocs(0));
}

TEST(all_processors_work)
{
    struct hogs *h = hogs_start(8, hog_counting);

    for (int i = 0; i < 8; i++)
        hogs_wait_for_turn(h, i);
    hogs_stop(h);
}

TEST(the_environment_sets_the_number_of_processors)
{
    static const char *const values[] = {NULL, "1", "2", "7", "1024", "5000", ""};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CHECK(child_passes("start value", "GOMAXPROCS", values[i]));
        CHECK(child_passes("all processors work", "GOMAXPROCS", values[i]));
    }
}

TEST(maxprocs_sets_the_number_and_gives_the_one_before)
{
    int at_start = go_maxprocs(0);

    CHECK_EQ(at_start, go_maxprocs(3));
    CHECK_EQ(3, go_maxprocs(0));
    CHECK_EQ(3, go_maxprocs(-1));
    CHECK_EQ(3, go_maxprocs(INT32_MIN));
    CHECK_EQ(3, go_maxprocs(1));
    CHECK_EQ(1, go_maxprocs(at_start));
    CHECK_EQ(at_start, go_maxprocs(0));
}

TEST(maxprocs_cuts_a_number_beyond_1024)
{
    go_maxprocs(1025);
    CHECK_EQ(1024, go_maxprocs(2));
    go_maxprocs(INT32_MAX);
    CHECK_EQ(1024, go_maxprocs(2));
}

static void set_procs(void *arg, int index)
{
    (void)arg;
    (void)index;
    go_maxprocs(3);
    CHECK_EQ(3, go_maxprocs(1));
}

TEST(a_plain_thread_may_set_the_number_of_processors)
{
    crew_wait(crew_start_threads(1, set_procs, NULL));
    CHECK_EQ(1, go_maxprocs(0));
}

struct ring {
    int n, rounds;
    atomic_int token;
};

/* With preemption off: it ends only if all members run at the same time. */
static void pass_token_by_spinning(void *arg, int index)
{
    struct ring *r = arg;

    go_preempt_off();
    for (int i = 0; i < r->rounds; i++) {
        while (atomic_load(&r->token) != i * r->n + index)
            ;
        atomic_fetch_add(&r->token, 1);
    }
    go_preempt_on();
}

static void check_parallel(int n, int rounds)
{
    struct ring *r = test_alloc(sizeof *r);

    *r = (struct ring){.n = n, .rounds = rounds};
    go_maxprocs(n);
    crew_run(n, pass_token_by_spinning, r);
    CHECK_EQ(n * rounds, atomic_load(&r->token));
}

TEST(as_many_goroutines_as_processors_all_run_at_once)
{
    for (int i = 0; i < 5; i++) {
        check_parallel(2, SCALED(50));
        check_parallel(3, 5);
        check_parallel(4, 5);
    }
}

static void sleep_again_and_again(void *arg, int index)
{
    atomic_bool *stop = arg;

    while (!atomic_load(stop))
        go_sleep((index + 1) * GO_MILLISECOND / 10);
}

TEST(as_many_goroutines_as_processors_all_run_at_once_while_sleepers_come_and_go)
{
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *c = crew_start(10, sleep_again_and_again, stop);

    for (int i = 0; i < 5; i++) {
        check_parallel(2, SCALED(50));
        check_parallel(4, 5);
    }
    atomic_store(stop, true);
    crew_wait(c);
}

TEST(more_processors_take_up_work_at_once)
{
    struct ring *r = test_alloc(sizeof *r);
    struct crew *c;

    *r = (struct ring){.n = 3, .rounds = 10};
    go_maxprocs(1);
    go_preempt_off(); /* once one of them has the only processor, main would not get it back */
    c = crew_start(3, pass_token_by_spinning, r);
    go_maxprocs(4);
    go_preempt_on();
    crew_wait(c);
    CHECK_EQ(30, atomic_load(&r->token));
}

static unsigned long all_turns(struct hogs *h, int n)
{
    unsigned long sum = 0;

    for (int i = 0; i < n; i++)
        sum += hogs_turns(h, i);
    return sum;
}

TEST(after_a_decrease_no_more_goroutines_run_than_allowed)
{
    enum { HOGS = 6 };
    struct hogs *h;

    go_maxprocs(4);
    h = hogs_start(HOGS, hog_counting);
    for (int i = 0; i < 20; i++) {
        unsigned long before;

        go_maxprocs(4);
        hogs_wait_for_turn(h, i % HOGS);
        go_maxprocs(1);
        go_preempt_off();
        before = all_turns(h, HOGS);
        hog_for(2 * GO_MILLISECOND);
        CHECK_EQ(before, all_turns(h, HOGS));
        go_preempt_on();
    }
    hogs_stop(h);
}

TEST(goroutines_of_a_processor_that_is_taken_away_go_on_elsewhere)
{
    enum { HOGS = 20 };
    struct hogs *h;

    go_maxprocs(8);
    h = hogs_start(HOGS, hog_counting);
    for (int procs = 7; procs > 0; procs--) {
        CHECK_EQ(procs + 1, go_maxprocs(procs));
        for (int i = 0; i < HOGS; i++)
            hogs_wait_for_turn(h, i);
    }
    hogs_stop(h);
}

TEST(timers_of_a_processor_that_is_taken_away_still_fire)
{
    for (int i = 0; i < 20; i++) {
        struct crew *c;
        atomic_bool *stop = test_alloc(sizeof *stop);

        go_maxprocs(8);
        c = crew_start(50, sleep_again_and_again, stop);
        test_settle();
        go_maxprocs(1);
        atomic_store(stop, true);
        crew_wait(c);
    }
    CHECK_EQ(1, go_maxprocs(0));
}

struct phoenix {
    atomic_bool stop;
    atomic_int alive;
    atomic_long lives;
};

/* Ends, and has started itself anew before. */
static void rise_again(void *arg)
{
    struct phoenix *p = arg;

    atomic_fetch_add(&p->lives, 1);
    if (!atomic_load(&p->stop) && go_spawn(rise_again, p) == 0)
        return;
    atomic_fetch_sub(&p->alive, 1);
}

static void change_procs(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(1000); i++)
        go_maxprocs(1 + (i + index) % 4);
}

TEST(the_number_may_change_1000_times_while_goroutines_start_and_end)
{
    enum { PHOENIXES = 4 };
    struct phoenix *p = test_alloc(sizeof *p);

    atomic_store(&p->alive, PHOENIXES);
    for (int i = 0; i < PHOENIXES; i++)
        CHECK_EQ(0, go_spawn(rise_again, p));
    crew_run(1, change_procs, NULL);
    crew_run(2, change_procs, NULL);
    atomic_store(&p->stop, true);
    EVENTUALLY(atomic_load(&p->alive) == 0);
    CHECK(atomic_load(&p->lives) >= PHOENIXES);
}

TEST(goroutines_and_plain_threads_may_change_the_number_at_the_same_time)
{
    struct hogs *h = hogs_start(3, hog_counting);
    struct crew *threads = crew_start_threads(2, change_procs, NULL);

    crew_run(2, change_procs, NULL);
    crew_wait(threads);
    hogs_wait_for_turn(h, 2);
    hogs_stop(h);
    CHECK_BETWEEN(1, 4, go_maxprocs(0));
}
