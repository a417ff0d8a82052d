/* Timers: they fire once, not too early, and stop and reset say truly what they did.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

enum { SHORT = 5 * 1000000, CREW = 8 }; /* nanoseconds; goroutines */
#define LONG (3600 * GO_SECOND)

TEST(a_timer_sends_the_time_when_it_is_due_and_only_once)
{
    int64_t begin = go_now(), sent = 0;
    go_timer *t = go_timer_new(SHORT);

    CHECK_EQ(0, go_recv(go_timer_chan(t), &sent));
    CHECK_BETWEEN(begin + SHORT, go_now(), sent);
    CHECK_EQ(-ETIMEDOUT, go_recv_until(go_timer_chan(t), &sent, go_deadline(4 * SHORT)));
    CHECK_EQ(0, go_timer_free(t));
}

TEST(a_timers_channel_holds_one_element_and_stays_open)
{
    go_timer *t = go_timer_new(SHORT);
    go_chan *c = go_timer_chan(t);

    CHECK_EQ(1, go_chan_cap(c));
    CHECK_PTR(c, go_timer_chan(t));
    EVENTUALLY(go_chan_len(c) == 1);
    CHECK_EQ(0, go_recv(c, NULL));
    CHECK_EQ(-EAGAIN, go_recv_until(c, NULL, GO_NOW));
    CHECK_EQ(0, go_timer_free(t));
}

TEST(a_timer_of_zero_or_less_fires_at_once)
{
    static const int64_t durations[] = {0, -1, -GO_SECOND, INT64_MIN};

    for (int i = 0; i < 4; i++) {
        go_timer *t = go_timer_new(durations[i]);
        int64_t sent = 0;

        CHECK_EQ(0, go_recv_until(go_timer_chan(t), &sent, go_deadline(20 * GO_SECOND)));
        CHECK(sent > 0 && sent <= go_now());
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(a_huge_duration_does_not_fire)
{
    static const int64_t durations[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, LONG};

    for (int i = 0; i < 4; i++) {
        go_timer *t = go_timer_new(durations[i]);

        CHECK_EQ(-ETIMEDOUT, go_recv_until(go_timer_chan(t), NULL, go_deadline(2 * SHORT)));
        CHECK_EQ(1, go_timer_stop(t));
        CHECK_EQ(0, go_timer_reset(t, durations[i]));
        CHECK_EQ(-EAGAIN, go_recv_until(go_timer_chan(t), NULL, GO_NOW));
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(stop_says_whether_the_timer_was_still_to_fire)
{
    go_timer *t = go_timer_new(LONG);

    CHECK_EQ(1, go_timer_stop(t));
    CHECK_EQ(0, go_timer_stop(t));
    CHECK_EQ(0, go_timer_reset(t, LONG));
    CHECK_EQ(1, go_timer_reset(t, LONG));
    CHECK_EQ(1, go_timer_stop(t));
    CHECK_EQ(0, go_timer_reset(t, 0));
    CHECK_EQ(0, go_recv(go_timer_chan(t), NULL));
    CHECK_EQ(0, go_timer_stop(t));
    CHECK_EQ(0, go_timer_reset(t, SHORT));
    CHECK_EQ(0, go_recv(go_timer_chan(t), NULL));
    CHECK_EQ(0, go_timer_reset(t, LONG));
    CHECK_EQ(0, go_timer_free(t));
}

TEST(a_stopped_timer_does_not_fire)
{
    go_timer *t[20];

    for (int i = 0; i < 20; i++)
        t[i] = go_timer_new(SHORT + i * GO_MILLISECOND);
    for (int i = 0; i < 20; i++)
        go_timer_stop(t[i]);
    CHECK_EQ(0, go_sleep(40 * GO_MILLISECOND));
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(0, go_chan_len(go_timer_chan(t[i])));
        CHECK_EQ(0, go_timer_free(t[i]));
    }
}

TEST(no_stale_time_is_left_after_stop)
{
    go_timer *t = go_timer_new(0);

    for (int i = 0; i < 20; i++) {
        EVENTUALLY(go_chan_len(go_timer_chan(t)) == 1);
        CHECK_EQ(0, go_timer_stop(t));
        CHECK_EQ(0, go_chan_len(go_timer_chan(t)));
        CHECK_EQ(-EAGAIN, go_recv_until(go_timer_chan(t), NULL, GO_NOW));
        CHECK_EQ(0, go_timer_reset(t, 0));
    }
    CHECK_EQ(0, go_timer_free(t));
}

TEST(no_stale_time_is_left_after_reset)
{
    go_timer *t = go_timer_new(0);

    for (int i = 0; i < 20; i++) {
        int64_t begin, sent = 0;

        EVENTUALLY(go_chan_len(go_timer_chan(t)) == 1);
        begin = go_now();
        CHECK_EQ(0, go_timer_reset(t, SHORT));
        CHECK_EQ(0, go_recv(go_timer_chan(t), &sent));
        CHECK(sent >= begin + SHORT);
        CHECK_EQ(0, go_timer_reset(t, 0));
    }
    CHECK_EQ(0, go_timer_free(t));
}

TEST(reset_moves_a_timer_forward_and_back)
{
    go_timer *t = go_timer_new(LONG);
    int64_t begin = go_now(), sent = 0;

    CHECK_EQ(1, go_timer_reset(t, SHORT)); /* earlier */
    CHECK_EQ(0, go_recv(go_timer_chan(t), &sent));
    CHECK_BETWEEN(begin + SHORT, begin + 20 * GO_SECOND, sent);
    CHECK_EQ(0, go_timer_reset(t, 50 * GO_MILLISECOND));
    begin = go_now();
    CHECK_EQ(1, go_timer_reset(t, 100 * GO_MILLISECOND)); /* later */
    CHECK_EQ(0, go_recv(go_timer_chan(t), &sent));
    CHECK(sent >= begin + 100 * GO_MILLISECOND);
    CHECK_EQ(0, go_timer_free(t));
}

TEST(timers_moved_earlier_while_the_process_sleeps_wake_it)
{
    enum { N = 50 };
    go_timer *t[N];
    int64_t begin = test_now();

    for (int i = 0; i < N; i++)
        t[i] = go_timer_new(LONG);
    go_sleep(20 * GO_MILLISECOND);
    for (int i = 0; i < N; i++)
        CHECK_EQ(1, go_timer_reset(t[i], SHORT));
    for (int i = 0; i < N; i++) {
        CHECK_EQ(0, go_recv(go_timer_chan(t[i]), NULL));
        CHECK_EQ(0, go_timer_free(t[i]));
    }
    CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
}

struct timed {
    go_timer *t;
    int64_t due;
};

TEST(many_timers_fire_in_the_order_of_their_times)
{
    enum { N = 200 };
    int64_t latest = 0;
    struct timed *all = test_alloc(N * sizeof *all);

    go_maxprocs(1);
    for (int i = 0; i < N; i++) {
        int64_t ns = (1 + (i * 37) % N) * GO_MILLISECOND / 4;

        all[i].due = go_now() + ns;
        all[i].t = go_timer_new(ns);
    }
    for (int i = 0; i < N; i++) {
        int64_t sent = 0;

        CHECK_EQ(0, go_recv(go_timer_chan(all[i].t), &sent));
        CHECK(sent >= all[i].due);
        latest = sent > latest ? sent : latest;
        CHECK_EQ(0, go_timer_free(all[i].t));
    }
    CHECK_BETWEEN(N * GO_MILLISECOND / 4, 20 * GO_SECOND, latest - all[0].due + 37 * GO_MILLISECOND / 4 + GO_MILLISECOND);
}

TEST(a_timer_may_stand_in_a_select)
{
    go_timer *soon = go_timer_new(SHORT), *late = go_timer_new(LONG);
    int64_t sent = 0;
    struct go_case cases[] = {{.chan = go_timer_chan(late), .elem = &sent, .op = GO_RECV},
                              {.chan = go_timer_chan(soon), .elem = &sent, .op = GO_RECV}};

    CHECK_EQ(1, go_select(cases, 2));
    CHECK(sent > 0);
    CHECK_EQ(0, go_timer_free(soon));
    CHECK_EQ(0, go_timer_free(late));
}

struct waited {
    go_timer *t;
    atomic_int got;
};

static void receive_from_timer(void *arg, int index)
{
    struct waited *w = arg;

    (void)index;
    if (go_recv_until(go_timer_chan(w->t), NULL, go_deadline(20 * GO_SECOND)) == 0)
        atomic_fetch_add(&w->got, 1);
}

static void be_receiver(void *arg)
{
    receive_from_timer(arg, 0);
}

TEST(a_timer_that_somebody_waits_on_is_not_freed)
{
    struct waited *w = test_alloc(sizeof *w);

    w->t = go_timer_new(LONG);
    test_start_until_blocked(be_receiver, w);
    CHECK_EQ(-EBUSY, go_timer_free(w->t));
    CHECK_EQ(-EBUSY, go_timer_free(w->t));
    CHECK_EQ(0, go_timer_reset(w->t, 0)); /* it still works */
    EVENTUALLY(atomic_load(&w->got) == 1);
    CHECK_EQ(0, go_timer_free(w->t));
}

TEST(plain_threads_wait_for_timers)
{
    struct waited *w = test_alloc(sizeof *w);

    w->t = go_timer_new(SHORT);
    crew_wait(crew_start_threads(1, receive_from_timer, w));
    CHECK_EQ(1, atomic_load(&w->got));
    CHECK_EQ(0, go_timer_free(w->t));
}

static void start_and_stop(void *arg, int index)
{
    atomic_long *fired = arg;

    for (int i = 0; i < SCALED(1000); i++) {
        go_timer *t = go_timer_new((i * 7 + index) % 40 * 5 * GO_MICROSECOND);

        if (i % 3)
            go_yield();
        if (go_timer_stop(t) == 0)
            atomic_fetch_add(fired, 1);
        CHECK_EQ(-EAGAIN, go_recv_until(go_timer_chan(t), NULL, GO_NOW));
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(stops_race_with_firing_and_leave_nothing_behind)
{
    atomic_long *fired = test_alloc(sizeof *fired);

    for (int procs = 1; procs <= 4; procs *= 2) {
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, start_and_stop, fired);
        crew_run(CREW, start_and_stop, fired);
        crew_wait(threads);
    }
    CHECK_BETWEEN(0, 3 * (CREW + 2) * SCALED(1000), atomic_load(fired));
}

struct conserved {
    atomic_long started, fired, stopped;
};

/* Every start is answered: by a firing that somebody receives, or by a stop or reset that says 1. */
static void account(void *arg, int index)
{
    struct conserved *k = arg;
    go_timer *t = go_timer_new(LONG);
    long started = 1, fired = 0, stopped = 0;

    for (int i = 0; i < SCALED(1000); i++) {
        if (go_recv_until(go_timer_chan(t), NULL, GO_NOW) == 0) {
            fired++;
            CHECK_EQ(0, go_timer_stop(t));
        } else {
            int was = go_timer_stop(t);
            CHECK(was == 0 || was == 1);
            stopped += was;
            fired += !was; /* its time was taken away by the stop */
        }
        CHECK_EQ(0, go_timer_reset(t, (i * 7 + index) % 30 * 3 * GO_MICROSECOND));
        started++;
        if (i % 2)
            go_yield();
    }
    stopped += go_timer_stop(t) == 1;
    CHECK_EQ(0, go_timer_free(t));
    CHECK_BETWEEN(started - 1, started, fired + stopped);
    atomic_fetch_add(&k->started, started);
    atomic_fetch_add(&k->fired, fired);
    atomic_fetch_add(&k->stopped, stopped);
}

TEST(every_start_ends_in_one_firing_or_one_stop)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct conserved *k = test_alloc(sizeof *k);

        go_maxprocs(procs);
        crew_run(CREW, account, k);
        CHECK_EQ((SCALED(1000) + 1) * CREW, atomic_load(&k->started));
    }
}

static void reset_shared(void *arg, int index)
{
    go_timer *t = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        int got = (i + index) % 3 ? go_timer_reset(t, (i + index) % 20 * GO_MICROSECOND) : go_timer_stop(t);
        CHECK(got == 0 || got == 1);
        if (i % 8 == 0)
            go_recv_until(go_timer_chan(t), NULL, GO_NOW);
    }
}

TEST(many_may_stop_and_reset_the_same_timer)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_timer *t = go_timer_new(LONG);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, reset_shared, t);
        crew_run(CREW, reset_shared, t);
        crew_wait(threads);
        go_timer_stop(t);
        CHECK_EQ(-EAGAIN, go_recv_until(go_timer_chan(t), NULL, GO_NOW));
        go_timer_reset(t, SHORT);
        CHECK_EQ(0, go_recv(go_timer_chan(t), NULL));
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(null_is_refused)
{
    CHECK_EQ(-EINVAL, go_timer_stop(NULL));
    CHECK_EQ(-EINVAL, go_timer_reset(NULL, GO_SECOND));
    CHECK_EQ(0, go_timer_free(NULL));
    CHECK_PTR(NULL, go_timer_chan(NULL));
}
