/* Timers under load: very many of them, stopped and moved at every moment, on processors that come and go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct sleepers {
    atomic_int awake, too_early;
};

static void sleep_once(void *arg, int index)
{
    struct sleepers *s = arg;
    int64_t begin = test_now(), ns = (10 + index % 200) * GO_MILLISECOND;

    CHECK_EQ(0, go_sleep(ns));
    if (test_now() - begin < ns)
        atomic_fetch_add(&s->too_early, 1);
    atomic_fetch_add(&s->awake, 1);
}

TEST(a_hundred_thousand_sleepers_wake_up_and_none_too_early)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct sleepers *s = test_alloc(sizeof *s);

        go_maxprocs(procs);
        crew_run(CROWD(100000), sleep_once, s);
        CHECK_EQ(CROWD(100000), atomic_load(&s->awake));
        CHECK_EQ(0, atomic_load(&s->too_early));
    }
}

static void sleep_again(void *arg, int index)
{
    struct sleepers *s = arg;

    for (int i = 0; i < SCALED(100); i++) {
        int64_t begin = test_now(), ns = (1 + (i * 13 + index) % 300) * 10 * GO_MICROSECOND;

        CHECK_EQ(0, go_sleep(ns));
        if (test_now() - begin < ns)
            atomic_fetch_add(&s->too_early, 1);
        atomic_fetch_add(&s->awake, 1);
    }
}

TEST(sleepers_wake_up_while_processors_come_and_go)
{
    struct sleepers *s = test_alloc(sizeof *s);
    struct crew *c = crew_start(200, sleep_again, s), *threads = crew_start_threads(4, sleep_again, s);

    for (int i = 0; atomic_load(&s->awake) < 200 * SCALED(100); i++) {
        go_maxprocs(1 + i * 7 % 8);
        go_sleep(GO_MILLISECOND);
    }
    crew_wait(c);
    crew_wait(threads);
    CHECK_EQ(204 * SCALED(100), atomic_load(&s->awake));
    CHECK_EQ(0, atomic_load(&s->too_early));
}

struct fuses {
    go_timer **timers;
    int n;
    atomic_int burnt, put_out;
};

static void burn(void *arg)
{
    atomic_fetch_add(&((struct fuses *)arg)->burnt, 1);
}

static void put_out(void *arg, int index)
{
    struct fuses *f = arg;

    for (int i = index; i < f->n; i += 8)
        if (i % 3 && go_timer_stop(f->timers[i]) == 1)
            atomic_fetch_add(&f->put_out, 1);
}

TEST(of_a_hundred_thousand_functions_each_runs_or_was_stopped)
{
    int n = CROWD(100000);

    for (int procs = 1; procs <= 4; procs *= 2) {
        struct fuses *f = test_alloc(sizeof *f);

        *f = (struct fuses){.timers = test_alloc((size_t)n * sizeof *f->timers), .n = n};
        go_maxprocs(procs);
        for (int i = 0; i < n; i++) {
            f->timers[i] = go_after_func((50 + i % 100) * GO_MILLISECOND, burn, f);
            if (!CHECK(f->timers[i] != NULL))
                return;
        }
        crew_run(8, put_out, f);
        EVENTUALLY(atomic_load(&f->burnt) + atomic_load(&f->put_out) == n);
        go_sleep(10 * GO_MILLISECOND);
        CHECK_EQ(n, atomic_load(&f->burnt) + atomic_load(&f->put_out));
        for (int i = 0; i < n; i++)
            CHECK_EQ(0, go_timer_free(f->timers[i]));
    }
}

struct shared {
    go_timer *t;
    go_chan *c;
    atomic_long received, resets;
    atomic_bool stop;
};

static void move_timer(void *arg, int index)
{
    struct shared *s = arg;

    for (int i = 0; i < SCALED(3000); i++) {
        int was = (i + index) % 4 ? go_timer_reset(s->t, (i * 7 + index) % 50 * GO_MICROSECOND) : go_timer_stop(s->t);

        CHECK(was == 0 || was == 1);
        atomic_fetch_add(&s->resets, 1);
        if (i % 16 == 0)
            go_sleep(20 * GO_MICROSECOND);
    }
}

static void receive_times(void *arg, int index)
{
    struct shared *s = arg;
    int64_t last = 0, sent = 0;

    (void)index;
    while (!atomic_load(&s->stop))
        if (go_recv_until(s->c, &sent, go_deadline(GO_MILLISECOND)) == 0) {
            CHECK(sent >= last && sent <= go_now());
            last = sent;
            atomic_fetch_add(&s->received, 1);
        }
}

TEST(one_timer_is_stopped_and_moved_by_many_and_its_times_never_go_back)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct shared *s = test_alloc(sizeof *s);
        struct crew *receiver, *threads;

        s->t = go_timer_new(GO_SECOND);
        s->c = go_timer_chan(s->t);
        go_maxprocs(procs);
        receiver = crew_start(1, receive_times, s);
        threads = crew_start_threads(2, move_timer, s);
        crew_run(8, move_timer, s);
        crew_wait(threads);
        atomic_store(&s->stop, true);
        crew_wait(receiver);
        CHECK(atomic_load(&s->received) <= atomic_load(&s->resets) + 1);
        CHECK_EQ(0, go_timer_free(s->t));
    }
}

static void tick(void *arg, int index)
{
    struct shared *s = arg;
    go_ticker *t = go_ticker_new((50 + index) * GO_MICROSECOND);
    int64_t last = 0;

    for (int i = 0; i < SCALED(300); i++) {
        int64_t sent = 0;

        if (i % 50 == 49)
            CHECK_EQ(0, go_ticker_reset(t, (30 + i % 100) * GO_MICROSECOND));
        CHECK_EQ(0, go_recv(go_ticker_chan(t), &sent));
        CHECK(sent >= last);
        last = sent;
        atomic_fetch_add(&s->received, 1);
    }
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(a_hundred_tickers_tick_behind_hogs)
{
    struct shared *s = test_alloc(sizeof *s);
    struct hogs *h;

    go_maxprocs(2);
    h = hogs_start(4, hog_arithmetic);
    crew_run(100, tick, s);
    hogs_stop(h);
    CHECK_EQ(100 * SCALED(300), atomic_load(&s->received));
}

struct meeting {
    go_chan *c;
    atomic_long sent, received;
};

static void send_by_deadline(void *arg, int index)
{
    struct meeting *m = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        int64_t ns = (1 + (i * 11 + index) % 40) * GO_MICROSECOND;

        if (index % 2)
            atomic_fetch_add(&m->sent, go_send_until(m->c, NULL, go_deadline(ns)) == 0);
        else
            atomic_fetch_add(&m->received, go_recv_until(m->c, NULL, go_deadline(ns)) == 0);
    }
}

/* Each wait arms a timer, and most are taken off before they are due: the heap grows and shrinks all the time. */
TEST(waits_with_deadlines_on_all_processors_leave_no_timer_behind)
{
    for (int procs = 1; procs <= 8; procs *= 2) {
        struct meeting *m = test_alloc(sizeof *m);

        m->c = test_chan(0, 0);
        go_maxprocs(procs);
        go_slice(20 * GO_MICROSECOND);
        crew_run(40, send_by_deadline, m);
        CHECK_EQ(atomic_load(&m->sent), atomic_load(&m->received));
    }
}
