/* Storms of selects: sends and receives, alone and in selects, on four channels at once; deadlines; threads; preemption at 20 us.
 * What is counted: on every channel, each element that went in comes out exactly once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "random.h"
#include "test.h"

enum { CHANS = 4, ENDS = 2 * CHANS, WORDS = 4 };

struct element {
    int source, number;
    int copies[WORDS]; /* of number, so that a torn element is seen */
};

struct storm {
    go_chan *chans[CHANS];
    int each; /* elements that each source sends on each channel, and each sink receives */
    bool with_deadlines;
    int work;
    atomic_uchar *seen; /* by channel, source and number: source 0 sends alone, source 1 in selects */
};

static const size_t capacities[CHANS] = {0, 0, 2, 3};

static struct element make(int source, int number)
{
    struct element e = {.source = source, .number = number};

    for (int i = 0; i < WORDS; i++)
        e.copies[i] = number;
    return e;
}

static void note(struct storm *s, int chan, const struct element *e)
{
    for (int i = 0; i < WORDS; i++)
        CHECK_EQ(e->number, e->copies[i]);
    if (CHECK_BETWEEN(0, 1, e->source) && CHECK_BETWEEN(0, s->each - 1, e->number))
        CHECK_EQ(0, atomic_fetch_add(&s->seen[(chan * 2 + e->source) * s->each + e->number], 1));
}

static uint64_t compute(uint64_t x, int steps)
{
    __asm__ volatile("" : "+r"(x)); /* so that two calls are not made one */
    for (int i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static void send_alone(void *arg, int index)
{
    struct storm *s = arg;

    for (int i = 0; i < s->each; i++) {
        struct element e = make(0, i);
        CHECK_EQ(0, go_send(s->chans[index], &e));
        CHECK_EQ(compute(i, s->work), compute(i, s->work));
    }
}

static void receive_alone(void *arg, int index)
{
    struct storm *s = arg;

    for (int i = 0; i < s->each; i++) {
        struct element e = make(9, 9);
        CHECK_EQ(0, go_recv(s->chans[index], &e));
        note(s, index, &e);
    }
}

/* One select over all channels that are not done yet; the others' channel is NULL. */
static int select_once(struct storm *s, struct go_case *cases, random_state *random)
{
    int r;

    do {
        int64_t soon = random_below(random, 2) ? go_deadline(random_below(random, 20000)) : GO_NOW;
        r = go_select_until(cases, CHANS, s->with_deadlines ? soon : GO_FOREVER);
        if (r == -EAGAIN)
            go_yield();
    } while (s->with_deadlines && (r == -EAGAIN || r == -ETIMEDOUT));
    CHECK_BETWEEN(0, CHANS - 1, r);
    if (r >= 0)
        CHECK_EQ(0, cases[r].result);
    return r;
}

static void select_all(struct storm *s, int op, random_state random)
{
    struct go_case cases[CHANS];
    struct element elems[CHANS];
    int done[CHANS] = {0};

    for (int i = 0; i < CHANS; i++) {
        elems[i] = op == GO_SEND ? make(1, 0) : make(9, 9);
        cases[i] = (struct go_case){.chan = s->chans[i], .elem = &elems[i], .op = op};
    }
    for (int left = CHANS * s->each; left > 0; left--) {
        int chosen = select_once(s, cases, &random);

        if (chosen < 0)
            return;
        if (op == GO_RECV)
            note(s, chosen, &elems[chosen]);
        if (++done[chosen] == s->each)
            cases[chosen].chan = NULL;
        elems[chosen] = op == GO_SEND ? make(1, done[chosen]) : make(9, 9);
    }
}

static void select_sends(void *arg, int index)
{
    select_all(arg, GO_SEND, random_seed(index));
}

static void select_receives(void *arg, int index)
{
    select_all(arg, GO_RECV, random_seed(index + 7));
}

/* Four senders and four receivers on a channel each, and one select that sends on all and one that receives from all. */
static void run_storm(struct storm settings, bool threads)
{
    struct storm *s = test_alloc(sizeof *s);
    struct crew *senders, *receivers, *sends, *receives;

    *s = settings;
    s->seen = test_alloc((size_t)(ENDS * s->each));
    for (int i = 0; i < CHANS; i++)
        s->chans[i] = test_chan(sizeof(struct element), capacities[i]);
    senders = crew_start(CHANS, send_alone, s);
    receivers = (threads ? crew_start_threads : crew_start)(CHANS, receive_alone, s);
    sends = (threads ? crew_start_threads : crew_start)(1, select_sends, s);
    receives = crew_start(1, select_receives, s);
    crew_wait(senders);
    crew_wait(receivers);
    crew_wait(sends);
    crew_wait(receives);
    for (int i = 0; i < ENDS * s->each; i++)
        CHECK_EQ(1, atomic_load(&s->seen[i]));
    for (int i = 0; i < CHANS; i++)
        CHECK_EQ(0, go_chan_len(s->chans[i]));
}

static const int procs[] = {1, 2, 8};

TEST(ten_goroutines_on_four_channels_deliver_everything_exactly_once)
{
    for (int p = 0; p < 3; p++) {
        go_maxprocs(procs[p]);
        run_storm((struct storm){.each = SCALED(100000 / 3)}, false);
    }
}

TEST(selects_on_threads_and_goroutines_deliver_everything_exactly_once)
{
    for (int p = 0; p < 3; p++) {
        go_maxprocs(procs[p]);
        run_storm((struct storm){.each = SCALED(2000)}, true);
        run_storm((struct storm){.each = SCALED(1000), .with_deadlines = true}, true);
    }
}

TEST(selects_whose_deadlines_race_with_partners_deliver_everything_exactly_once)
{
    for (int p = 0; p < 3; p++) {
        go_maxprocs(procs[p]);
        run_storm((struct storm){.each = SCALED(10000), .with_deadlines = true}, false);
    }
}

TEST(selects_preempted_at_any_instruction_deliver_everything_exactly_once)
{
    go_slice(20 * GO_MICROSECOND);
    for (int p = 0; p < 3; p++) {
        go_maxprocs(procs[p]);
        run_storm((struct storm){.each = SCALED(1000), .work = 5000}, false);
        run_storm((struct storm){.each = SCALED(1000), .work = 5000, .with_deadlines = true}, false);
        run_storm((struct storm){.each = SCALED(300), .work = 5000}, true);
    }
}

/* ---- many small selects: pairs that meet through one of two channels, five thousand at a time ---- */

struct meeting {
    go_chan *a, *b;
    atomic_int met;
};

static void meet(void *arg, int index)
{
    struct meeting *m = arg;
    int value = index;
    int op = index % 2 ? GO_SEND : GO_RECV;
    struct go_case cases[] = {{.chan = m->a, .elem = &value, .op = op}, {.chan = m->b, .elem = &value, .op = op}};

    int chosen = go_select(cases, 2);
    if (CHECK_BETWEEN(0, 1, chosen))
        CHECK_EQ(0, cases[chosen].result);
    atomic_fetch_add(&m->met, value % 2);
}

TEST(five_thousand_pairs_of_selects_all_find_a_partner)
{
    for (int p = 0; p < 3; p++) {
        struct meeting *m = test_alloc(sizeof *m);
        int pairs = SCALED(5000);

        go_maxprocs(procs[p]);
        go_slice(20 * GO_MICROSECOND);
        *m = (struct meeting){.a = test_chan(sizeof(int), 0), .b = test_chan(sizeof(int), 0)};
        crew_run(2 * pairs, meet, m);
        CHECK_EQ(2 * pairs, atomic_load(&m->met)); /* what a receiver got is odd too: each came from a sender */
    }
}
