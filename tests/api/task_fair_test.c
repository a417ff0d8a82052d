/* In a crowd of goroutines that are all ready, more than the rings of a processor hold, and that come back again and again, nobody
 * is passed over for long.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

enum { PEOPLE = 1000, ROUNDS = 3000, PATIENCE = 500 /* rounds of all the others */ };

struct crowd {
    void (*step)(int index);
    long turns, worst, begin;
    long last[PEOPLE]; /* turn of each */
};

/* One at a time, as there is one processor; what is preempted in here has not counted its turn, or has. */
static void take_turn(struct crowd *c, int index)
{
    long waited;

    go_preempt_off();
    waited = ++c->turns - c->last[index];
    if (c->last[index] && waited > c->worst)
        c->worst = waited;
    c->last[index] = c->turns;
    go_preempt_on();
}

static void come_back(void *arg, int index)
{
    struct crowd *c = arg;

    while (c->turns < (long)PEOPLE * SCALED(ROUNDS)) {
        c->step(index);
        take_turn(c, index);
    }
}

static void check_crowd(void (*step)(int index))
{
    struct crowd *c = test_alloc(sizeof *c);

    go_maxprocs(1);
    c->step = step;
    crew_run(CROWD(PEOPLE), come_back, c);

    CHECK_BETWEEN(0, (long)PEOPLE * PATIENCE, c->worst);
}

static void sleep_shortly(int index)
{
    (void)index;
    go_sleep(GO_MICROSECOND);
}

TEST(in_a_crowd_of_those_who_sleep_shortly_nobody_waits_for_long)
{
    check_crowd(sleep_shortly);
}

static void yield(int index)
{
    (void)index;
    go_yield();
}

TEST(in_a_crowd_of_those_who_yield_nobody_waits_for_long)
{
    check_crowd(yield);
}

static void sleep_or_yield(int index)
{
    (index % 2 ? yield : sleep_shortly)(index);
}

TEST(in_a_crowd_of_both_nobody_waits_for_long)
{
    check_crowd(sleep_or_yield);
}

/* Behind them, since the newest of them go first. */
static void begin(void *arg, int index)
{
    struct crowd *c = arg;

    (void)index;
    if (c->turns - c->begin > c->worst)
        c->worst = c->turns - c->begin;
}

TEST(in_a_crowd_that_comes_back_again_and_again_newcomers_begin_soon)
{
    struct crowd *c = test_alloc(sizeof *c);
    struct crew *crowd;

    go_maxprocs(1);
    c->step = sleep_shortly;
    crowd = crew_start(CROWD(PEOPLE), come_back, c);
    while (c->turns < PEOPLE)
        go_yield();
    c->worst = 0;
    c->begin = c->turns;
    crew_run(CROWD(PEOPLE), begin, c);
    CHECK_BETWEEN(0, (long)PEOPLE * PATIENCE, c->worst);
    crew_wait(crowd);
}
