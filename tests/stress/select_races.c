/* Races of selects: a default against a case that is always ready, a select against itself, and one send that must not happen
 * twice.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cases.h"
#include "random.h"
#include "test.h"

/* ---- the default ---- */

/* Two players meet in each round, so that they do race: one makes b ready and only then takes what made a ready. */
struct race {
    struct pair chans;
    atomic_int round, looked; /* the round that has begun, and the last one that the other has looked in */
    int rounds;
};

static void pause_for(int steps)
{
    for (volatile int i = 0; i < steps; i++)
        ;
}

/* Spins, since the players shall meet at the same moment; but not while the other has no CPU. */
static void wait_until_at_least(atomic_int *counter, int value)
{
    for (int spins = 0; atomic_load(counter) < value; spins++)
        if (spins < 1000)
            go_yield();
        else
            go_sleep(20 * GO_MICROSECOND);
}

static void find_one_ready(void *arg, int index)
{
    struct race *r = arg;
    random_state random = random_seed(index);

    for (int round = 1; round <= r->rounds; round++) {
        wait_until_at_least(&r->round, round);
        struct go_case cases[] = {receiving(r->chans.a, NULL), receiving(r->chans.b, NULL)};
        pause_for(random_below(&random, 200));
        CHECK_NE(-EAGAIN, go_select_until(cases, 2, GO_NOW));
        atomic_store(&r->looked, round);
    }
}

static void race_with_a_select(int rounds, bool closing, bool thread)
{
    struct race *r = test_alloc(sizeof *r);
    random_state random = random_seed(9);
    struct crew *other;

    *r = (struct race){.rounds = rounds};
    other = (thread ? crew_start_threads : crew_start)(1, find_one_ready, r);
    for (int round = 1; round <= rounds; round++) {
        r->chans = (struct pair){go_chan_new(sizeof(int), 1), go_chan_new(sizeof(int), 1)};
        CHECK_EQ(0, go_send(r->chans.a, &round));
        atomic_store(&r->round, round);
        pause_for(random_below(&random, 200));
        CHECK_EQ(0, closing ? go_chan_close(r->chans.b) : go_send(r->chans.b, &round));
        go_recv_until(r->chans.a, NULL, GO_NOW);
        wait_until_at_least(&r->looked, round);
        CHECK_EQ(0, go_chan_free(r->chans.a));
        CHECK_EQ(0, go_chan_free(r->chans.b));
    }
    crew_wait(other);
}

TEST(the_default_is_never_chosen_while_one_case_or_another_is_ready)
{
    race_with_a_select(SCALED(100000), false, false);
    race_with_a_select(SCALED(20000), false, true);
}

TEST(the_default_is_never_chosen_while_one_case_is_ready_or_another_closed)
{
    race_with_a_select(SCALED(100000), true, false);
    race_with_a_select(SCALED(20000), true, true);
}

/* ---- itself ---- */

struct self {
    go_chan *c;
    bool unbuffered;
};

static void talk_to_the_other(void *arg, int index)
{
    struct self *s = arg;

    for (int i = 0; i < SCALED(20000); i++) {
        int out = index, in = -1, chosen;
        struct go_case send_first[] = {sending(s->c, &out), receiving(s->c, &in)};
        struct go_case receive_first[] = {receiving(s->c, &in), sending(s->c, &out)};

        chosen = (index == 0 || i % 2) ? go_select(send_first, 2) : 1 - go_select(receive_first, 2);
        CHECK_BETWEEN(0, 1, chosen);
        CHECK_EQ(index, out);
        if (chosen == 0)
            CHECK_EQ(-1, in);
        else if (s->unbuffered)
            CHECK_EQ(1 - index, in); /* not what it sends itself */
    }
}

TEST(a_select_that_sends_and_receives_on_one_channel_talks_to_others_only)
{
    static const int procs[] = {1, 2, 8};

    for (int p = 0; p < 3; p++)
        for (size_t capacity = 0; capacity <= 10; capacity += 10) {
            struct self *s = test_alloc(sizeof *s);
            struct crew *thread;

            go_maxprocs(procs[p]);
            *s = (struct self){test_chan(sizeof(int), capacity), capacity == 0};
            thread = p == 1 ? NULL : crew_start(1, talk_to_the_other, s);
            if (thread) {
                talk_to_the_other(s, 1);
                crew_wait(thread);
            } else {
                crew_run(2, talk_to_the_other, s);
            }
        }
}

/* ---- exactly one ---- */

enum { WAYS = 4 };

struct ways {
    go_chan *way[WAYS], *all;
    int n;
    atomic_uchar *seen;
};

static void send_one_way(void *arg, int index)
{
    struct ways *w = arg;

    (void)index;
    for (int i = 0; i < w->n; i++) {
        struct go_case cases[WAYS];

        for (int j = 0; j < WAYS; j++)
            cases[j] = sending(w->way[(i + j) % WAYS], &i);
        CHECK_BETWEEN(0, WAYS - 1, go_select(cases, WAYS));
    }
    for (int j = 0; j < WAYS; j++)
        CHECK_EQ(0, go_chan_close(w->way[j]));
}

static void forward(void *arg, int index)
{
    struct ways *w = arg;
    int value;

    while (go_recv(w->way[index], &value) == 0)
        CHECK_EQ(0, go_send(w->all, &value));
}

static void check_one_way(size_t capacity, bool threads)
{
    struct ways *w = test_alloc(sizeof *w);
    struct crew *forwarders, *sender;

    w->n = SCALED(threads ? 3000 : 30000);
    w->seen = test_alloc((size_t)w->n);
    w->all = test_chan(sizeof(int), 0);
    for (int j = 0; j < WAYS; j++)
        w->way[j] = test_chan(sizeof(int), capacity);
    forwarders = (threads ? crew_start_threads : crew_start)(WAYS, forward, w);
    sender = crew_start(1, send_one_way, w);
    for (int i = 0; i < w->n; i++) {
        int value = -1;
        CHECK_EQ(0, go_recv(w->all, &value));
        if (CHECK_BETWEEN(0, w->n - 1, value))
            CHECK_EQ(0, atomic_fetch_add(&w->seen[value], 1));
    }
    crew_wait(sender);
    crew_wait(forwarders);
    CHECK_EQ(-EAGAIN, go_recv_until(w->all, NULL, GO_NOW));
}

TEST(of_several_sends_in_a_select_exactly_one_happens)
{
    static const int procs[] = {1, 2, 8};

    for (int p = 0; p < 3; p++) {
        go_maxprocs(procs[p]);
        check_one_way(0, false);
        check_one_way(1, false);
        check_one_way(0, true);
    }
}

/* ---- losing ---- */

static void select_and_lose(void *arg, int index)
{
    struct pair *t = arg;
    int value = index;
    struct go_case cases[] = {receiving(t->a, &value), receiving(t->b, &value), receiving(t->a, &value)};

    CHECK_EQ(1, go_select(cases, 3));
}

static void receive_numbers(void *arg, int index)
{
    struct pair *t = arg;

    (void)index;
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_recv(t->a, NULL));
}

/* Waiters leave a's queue from its head, middle and tail, while others in it wait to be served. */
TEST(selects_that_lose_leave_the_queue_to_the_receivers_in_it)
{
    for (int round = 0; round < SCALED(200); round++) {
        struct pair *t = test_alloc(sizeof *t);
        struct crew *losers, *receivers, *more;

        *t = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), 0)};
        losers = crew_start(5, select_and_lose, t);
        receivers = crew_start(3, receive_numbers, t);
        more = crew_start(5, select_and_lose, t);
        if (round % 2)
            go_yield();
        for (int i = 0; i < 10; i++)
            CHECK_EQ(0, go_send(t->b, &i));
        crew_wait(losers);
        crew_wait(more);
        for (int i = 0; i < 60; i++)
            CHECK_EQ(0, go_send(t->a, &i));
        crew_wait(receivers);
        CHECK_EQ(-EAGAIN, go_send_until(t->a, &round, GO_NOW));
    }
}
