/* Races on one channel: between trying and closing, between many receivers, and for what a channel orders in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

/* ---- trying against closing ---- */

static void find_it_ready(void *c)
{
    CHECK_NE(-EAGAIN, go_recv_until(c, NULL, GO_NOW));
}

TEST(a_channel_with_an_element_is_ready_before_and_after_it_is_closed_and_drained)
{
    for (int i = 0; i < SCALED(10000); i++) {
        go_chan *c = test_chan(sizeof(int), 1);

        CHECK_EQ(0, go_send(c, &i));
        go_spawn(find_it_ready, c);
        CHECK_EQ(0, go_chan_close(c));
        go_recv(c, NULL); /* the element, or its end */
    }
}

/* ---- many receivers ---- */

enum { WORKERS = 23, ITEMS = 271828 };
static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
enum { PRIMES = sizeof primes / sizeof primes[0] };

struct works {
    go_chan *queue, *results;
};

static void work(void *arg, int index)
{
    struct works *w = arg;
    int item, result;

    (void)index;
    while (go_recv(w->queue, &item) == 0) {
        if (primes[item % PRIMES] == item)
            go_yield(); /* sometimes give way in between */
        result = item;
        CHECK_EQ(0, go_send(w->results, &result));
    }
}

static void feed(void *arg, int index)
{
    struct works *w = arg;

    (void)index;
    for (int i = 0; i < SCALED(ITEMS); i++)
        CHECK_EQ(0, go_send(w->queue, &primes[i % PRIMES]));
    CHECK_EQ(0, go_chan_close(w->queue));
}

TEST(many_receivers_take_exactly_what_one_sender_sends)
{
    static const int procs[] = {1, 2, 8};

    for (int p = 0; p < 3; p++) {
        struct works *w = test_alloc(sizeof *w);
        int n = SCALED(ITEMS), item = 0;
        int64_t want = 0, got = 0;
        struct crew *feeder, *workers;

        go_maxprocs(procs[p]);
        *w = (struct works){test_chan(sizeof(int), (size_t)(p * 20)), test_chan(sizeof(int), (size_t)(p * 20))};
        feeder = crew_start(1, feed, w);
        workers = crew_start(WORKERS, work, w);
        for (int i = 0; i < n; i++) {
            want += primes[i % PRIMES];
            CHECK_EQ(0, go_recv(w->results, &item));
            got += item;
        }
        CHECK_EQ(want, got);
        crew_wait(feeder);
        crew_wait(workers);
        CHECK_EQ(-EAGAIN, go_recv_until(w->results, NULL, GO_NOW));
    }
}

/* ---- memory ---- */

struct guarded {
    go_chan *lock;
    int capacity;
    int counter; /* not atomic: the channel guards it where its capacity is 1 */
    atomic_int inside;
};

static void enter_and_leave(void *arg, int index)
{
    struct guarded *g = arg;

    (void)index;
    for (int i = 0; i < SCALED(20000); i++) {
        CHECK_EQ(0, go_send(g->lock, NULL));
        CHECK_BETWEEN(1, g->capacity, atomic_fetch_add(&g->inside, 1) + 1);
        if (g->capacity == 1)
            g->counter++;
        atomic_fetch_sub(&g->inside, 1);
        CHECK_EQ(0, go_recv(g->lock, NULL));
    }
}

TEST(a_channel_of_capacity_n_lets_n_in_and_orders_what_they_do)
{
    for (int capacity = 1; capacity <= 3; capacity++) {
        struct guarded *g = test_alloc(sizeof *g);
        struct crew *threads;

        *g = (struct guarded){.lock = test_chan(0, (size_t)capacity), .capacity = capacity};
        threads = crew_start_threads(2, enter_and_leave, g);
        crew_run(6, enter_and_leave, g);
        crew_wait(threads);
        if (capacity == 1)
            CHECK_EQ(8 * SCALED(20000), g->counter);
    }
}

struct passing {
    go_chan *to, *back;
    int plain[16]; /* written by one side, read by the other */
};

static void read_and_answer(void *arg, int index)
{
    struct passing *p = arg;
    int round;

    (void)index;
    while (go_recv(p->to, &round) == 0) {
        for (int i = 0; i < 16; i++) {
            CHECK_EQ(round + i, p->plain[i]);
            p->plain[i] = -round;
        }
        CHECK_EQ(0, go_send(p->back, &round));
    }
}

static void check_what_is_seen(size_t capacity, bool thread)
{
    struct passing *p = test_alloc(sizeof *p);
    struct crew *reader;

    *p = (struct passing){.to = test_chan(sizeof(int), capacity), .back = test_chan(sizeof(int), capacity)};
    reader = (thread ? crew_start_threads : crew_start)(1, read_and_answer, p);
    for (int round = 1; round <= SCALED(thread ? 2000 : 20000); round++) {
        for (int i = 0; i < 16; i++)
            p->plain[i] = round + i;
        CHECK_EQ(0, go_send(p->to, &round));
        CHECK_EQ(0, go_recv(p->back, NULL));
        for (int i = 0; i < 16; i++)
            CHECK_EQ(-round, p->plain[i]);
    }
    CHECK_EQ(0, go_chan_close(p->to));
    crew_wait(reader);
}

TEST(what_was_written_before_a_send_is_seen_after_the_receive)
{
    for (size_t capacity = 0; capacity < 2; capacity++) {
        check_what_is_seen(capacity, false);
        check_what_is_seen(capacity, true);
    }
}

struct watched {
    go_chan *c;
    int capacity;
    atomic_bool stop;
};

static void watch_length(void *arg, int index)
{
    struct watched *w = arg;

    (void)index;
    while (!atomic_load(&w->stop)) {
        CHECK_BETWEEN(0, w->capacity, go_chan_len(w->c));
        CHECK_EQ(w->capacity, go_chan_cap(w->c));
        go_yield();
    }
}

static void fill_and_empty(void *arg, int index)
{
    struct watched *w = arg;

    for (int i = 0; i < SCALED(10000); i++)
        CHECK_EQ(0, index % 2 ? go_send(w->c, &i) : go_recv(w->c, NULL));
}

TEST(the_length_of_a_channel_stays_between_nothing_and_its_capacity)
{
    for (int capacity = 0; capacity < 4; capacity++) {
        struct watched *w = test_alloc(sizeof *w);
        struct crew *watchers, *threads;

        w->c = test_chan(sizeof(int), (size_t)capacity);
        w->capacity = capacity;
        watchers = crew_start(2, watch_length, w);
        threads = crew_start_threads(1, watch_length, w);
        crew_run(4, fill_and_empty, w);
        atomic_store(&w->stop, true);
        crew_wait(watchers);
        crew_wait(threads);
    }
}

/* ---- closing under load ---- */

struct closing {
    go_chan *c;
    atomic_int sent, received, closers;
};

static void send_until_closed(void *arg, int index)
{
    struct closing *s = arg;
    int r, value = index;

    while ((r = go_send(s->c, &value)) == 0)
        atomic_fetch_add(&s->sent, 1);
    CHECK_EQ(-EPIPE, r);
}

static void receive_until_closed(void *arg, int index)
{
    struct closing *s = arg;
    int r, value = -1;

    (void)index;
    while ((r = go_recv(s->c, &value)) == 0)
        atomic_fetch_add(&s->received, 1);
    CHECK_EQ(-EPIPE, r);
    CHECK_EQ(0, value);
}

static void close_after_some(void *arg, int index)
{
    struct closing *s = arg;

    while (atomic_load(&s->received) < 20 + index && atomic_load(&s->closers) == 0)
        go_yield();
    if (go_chan_close(s->c) == 0)
        atomic_fetch_add(&s->closers, 1);
}

TEST(closing_under_load_loses_nothing_that_a_send_reported_as_sent)
{
    for (int i = 0; i < SCALED(300); i++) {
        struct closing *s = test_alloc(sizeof *s);
        struct crew *senders, *receivers, *closers, *threads;

        s->c = test_chan(sizeof(int), (size_t)(i % 5));
        receivers = crew_start(4, receive_until_closed, s);
        senders = crew_start(4, send_until_closed, s);
        threads = crew_start_threads(i % 3 == 0, send_until_closed, s);
        closers = crew_start(3, close_after_some, s);
        crew_wait(closers);
        crew_wait(senders);
        crew_wait(threads);
        crew_wait(receivers);
        CHECK_EQ(1, atomic_load(&s->closers));
        CHECK_EQ(atomic_load(&s->sent), atomic_load(&s->received));
    }
}
