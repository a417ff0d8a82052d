/* Turns: the newest goroutines run first, but the one that has waited longest gets a turn, by time, whatever else comes due.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

enum { ROUNDS = 20, WORK = 50 * GO_MICROSECOND };

struct chain {
    atomic_bool oldest_ran, gives_up;
    atomic_int links; /* that ran before it */
};

/* There is always one that is newer. */
static void be_link(void *arg)
{
    struct chain *c = arg;

    atomic_fetch_add(&c->links, 1);
    hog_for(WORK);
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

static int links_before_the_oldest(void)
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

/* Two slices are some dozens of links. Each look at a due timer once took the turn back, and there were thousands. */
TEST(the_oldest_of_those_who_have_not_begun_gets_its_turn_while_timers_come_due_all_the_time)
{
    go_ticker *ticker = go_ticker_new(GO_MICROSECOND);
    int links = 0;

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    for (int i = 0; i < ROUNDS; i++)
        links += links_before_the_oldest();
    test_note("%d links in a round", links / ROUNDS);
    CHECK_BETWEEN(ROUNDS, ROUNDS * 500, links);
    CHECK_EQ(0, go_ticker_free(ticker));
}
