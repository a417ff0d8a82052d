/* Turns: the newest goroutines run first, but the one that has waited longest gets a turn, by time, whatever else comes due.
 *
 * SPDX-License-Identifier: MIT
 */
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

/* Two slices are some forty. Each look at a due timer once took the turn back, and there were 210 to 3800. */
TEST(the_oldest_of_those_who_have_not_begun_gets_its_turn_while_timers_come_due_all_the_time)
{
    go_ticker *ticker = go_ticker_new(GO_MICROSECOND);
    int before = 0;

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    for (int i = 0; i < ROUNDS; i++)
        before += went_before_the_oldest();
    test_note("%d went before it", before / ROUNDS);
    CHECK_BETWEEN(0, ROUNDS * 150, before);
    CHECK_EQ(0, go_ticker_free(ticker));
}
