/* Turns: the newest goroutines run first, but the one that has waited longest gets a turn, by time, whatever else comes due.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "hogs.h"

enum { ROUNDS = 20, WORK = 50 * GO_MICROSECOND };

struct chain {
    atomic_bool oldest_ran, gives_up;
    atomic_int links;
};

/* There is always one that is newer. */
static void be_link(void *arg)
{
    struct chain *c = arg;

    hog_for(WORK);
    atomic_fetch_add(&c->links, 1);
    if (!atomic_load(&c->oldest_ran) && !atomic_load(&c->gives_up))
        CHECK_EQ(0, go(be_link, c));
}

static void be_oldest(void *arg)
{
    atomic_store(&((struct chain *)arg)->oldest_ran, true);
}

static void start(void *arg)
{
    CHECK_EQ(0, go(be_oldest, arg));
    CHECK_EQ(0, go(be_link, arg));
}

/* How many went before it: other programs, which may keep all of them waiting, do not count. */
static int went_before_the_oldest(void)
{
    struct chain *c = test_alloc(sizeof *c);

    CHECK_EQ(0, go(start, c));
    for (int64_t end = test_now() + 5 * GO_SECOND; !atomic_load(&c->oldest_ran) && test_now() < end;)
        CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    CHECK(atomic_load(&c->oldest_ran));
    atomic_store(&c->gives_up, true);
    EVENTUALLY(go_count() == 1);
    return atomic_load(&c->links);
}

static int by_size(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

/* Two slices are some forty, in most rounds: in some the monitor, which gives the turns, waits for a CPU itself. That no look takes
 * a turn back is tests/sched/asked.c. */
TEST(the_oldest_of_those_who_have_not_begun_gets_its_turn_while_timers_come_due_all_the_time)
{
    go_ticker *ticker = go_ticker_new(GO_MICROSECOND);
    int before[ROUNDS], sum = 0;

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    for (int i = 0; i < ROUNDS; i++)
        sum += before[i] = went_before_the_oldest();
    qsort(before, ROUNDS, sizeof before[0], by_size);
    test_note("%d, %d and %d went before it (least, median, most)", before[0], before[ROUNDS / 2], before[ROUNDS - 1]);
    CHECK_BETWEEN(0, 150, before[ROUNDS / 2]);
    CHECK_BETWEEN(0, ROUNDS * 500, sum);
    CHECK_EQ(0, go_ticker_free(ticker));
}
