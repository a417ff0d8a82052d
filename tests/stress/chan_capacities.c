/* Every capacity from 0 to 199 keeps the promises of a channel: waiting, trying, closing, order, and nothing lost between many.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

enum { CAPACITIES = 200, FAN = 4, EACH_SENDS = 1000 };

/* ---- waiting ---- */

struct watched {
    go_chan *c;
    atomic_int done;
    int n;
};

static void receive_one(void *arg, int index)
{
    struct watched *w = arg;
    int value;

    (void)index;
    CHECK_EQ(0, go_recv(w->c, &value));
    atomic_fetch_add(&w->done, 1);
}

static void send_one_too_many(void *arg, int index)
{
    struct watched *w = arg;

    (void)index;
    for (int i = 0; i <= w->n; i++) {
        CHECK_EQ(0, go_send(w->c, &i));
        atomic_fetch_add(&w->done, 1);
    }
}

TEST(a_receive_from_an_empty_channel_waits_and_a_send_to_a_full_one)
{
    for (int capacity = 0; capacity < CAPACITIES; capacity++) {
        struct watched *r = test_alloc(sizeof *r), *s = test_alloc(sizeof *s);
        struct crew *receiver, *sender;

        r->c = test_chan(sizeof(int), (size_t)capacity);
        *s = (struct watched){.c = test_chan(sizeof(int), (size_t)capacity), .n = capacity};
        receiver = crew_start(1, receive_one, r);
        sender = crew_start(1, send_one_too_many, s);
        test_settle();
        CHECK_EQ(0, atomic_load(&r->done));
        CHECK_BETWEEN(0, capacity, atomic_load(&s->done));
        CHECK_EQ(0, go_send(r->c, &(int){1}));
        CHECK_EQ(0, go_recv(s->c, NULL));
        crew_wait(receiver);
        crew_wait(sender);
        CHECK_EQ(1, atomic_load(&r->done));
        CHECK_EQ(capacity + 1, atomic_load(&s->done));
    }
}

/* ---- trying ---- */

TEST(trying_fills_a_channel_to_its_capacity_and_empties_it)
{
    for (int capacity = 0; capacity < CAPACITIES; capacity++) {
        go_chan *c = test_chan(sizeof(int), (size_t)capacity);
        int sent = 0, received = 0, value = -1;

        while (go_send_until(c, &sent, GO_NOW) == 0)
            sent++;
        CHECK_EQ(capacity, sent);
        while (go_recv_until(c, &value, GO_NOW) == 0)
            CHECK_EQ(received++, value);
        CHECK_EQ(capacity, received);
    }
}

/* ---- closing ---- */

static void receive_the_end(void *arg, int index)
{
    int value = -1;

    (void)index;
    CHECK_EQ(-EPIPE, go_recv(arg, &value));
    CHECK_EQ(0, value);
}

TEST(closing_ends_the_receivers_that_wait_and_those_that_come_later)
{
    for (int capacity = 0; capacity < CAPACITIES; capacity++) {
        go_chan *c = test_chan(sizeof(int), (size_t)capacity);
        struct crew *crew = crew_start(3, receive_the_end, c);

        if (capacity % 2)
            go_yield();
        CHECK_EQ(0, go_chan_close(c));
        receive_the_end(c, 0);
        CHECK_EQ(-EPIPE, go_recv_until(c, NULL, GO_NOW));
        crew_wait(crew);
    }
}

/* ---- order ---- */

static void send_in_order(void *arg, int index)
{
    (void)index;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, go_send(arg, &i));
}

TEST(what_one_goroutine_sends_arrives_in_order)
{
    for (int capacity = 0; capacity < CAPACITIES; capacity++) {
        go_chan *c = test_chan(sizeof(int), (size_t)capacity);
        struct crew *crew = crew_start(1, send_in_order, c);

        for (int i = 0; i < 100; i++) {
            int value = -1;
            CHECK_EQ(0, go_recv(c, &value));
            CHECK_EQ(i, value);
        }
        crew_wait(crew);
    }
}

/* ---- many to many ---- */

struct fan {
    go_chan *c;
    int each;
    atomic_uchar *seen; /* how often each element came */
};

struct element {
    int sender, number;
};

static void fan_send(void *arg, int index)
{
    struct fan *f = arg;

    for (int i = 0; i < f->each; i++)
        CHECK_EQ(0, go_send(f->c, &(struct element){index, i}));
}

static void fan_receive(void *arg, int index)
{
    struct fan *f = arg;
    int last[FAN] = {-1, -1, -1, -1};
    struct element e;

    (void)index;
    for (int i = 0; i < f->each; i++) {
        CHECK_EQ(0, go_recv(f->c, &e));
        if (!CHECK_BETWEEN(0, FAN - 1, e.sender) || !CHECK_BETWEEN(0, f->each - 1, e.number))
            return;
        CHECK(e.number > last[e.sender]); /* of one sender, in order */
        last[e.sender] = e.number;
        atomic_fetch_add(&f->seen[e.sender * f->each + e.number], 1);
    }
}

TEST(between_four_senders_and_four_receivers_everything_arrives_once_and_in_order)
{
    for (int capacity = 0; capacity < CAPACITIES; capacity++) {
        struct fan *f = test_alloc(sizeof *f);
        struct crew *senders, *receivers;

        f->each = SCALED(EACH_SENDS);
        f->c = test_chan(sizeof(struct element), (size_t)capacity);
        f->seen = test_alloc((size_t)(FAN * f->each));
        senders = crew_start(FAN, fan_send, f);
        receivers = crew_start(FAN, fan_receive, f);
        crew_wait(senders);
        crew_wait(receivers);
        for (int i = 0; i < FAN * f->each; i++)
            CHECK_EQ(1, atomic_load(&f->seen[i]));
        CHECK_EQ(0, go_chan_len(f->c));
    }
}
