/* Tickers: a time every period, missed and not collected by who is slow.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

TEST(a_ticker_sends_the_time_again_and_again)
{
    enum { N = 20 };
    int64_t period = 2 * GO_MILLISECOND, begin = go_now(), last = begin;
    go_ticker *t = go_ticker_new(period);

    CHECK_EQ(1, go_chan_cap(go_ticker_chan(t)));
    for (int i = 0; i < N; i++) {
        int64_t sent = 0;

        CHECK_EQ(0, go_recv(go_ticker_chan(t), &sent));
        CHECK(sent > last && sent <= go_now());
        last = sent;
    }
    CHECK_BETWEEN(N * period, 20 * GO_SECOND, last - begin);
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(ticks_come_neither_more_often_nor_much_more_seldom_than_the_period)
{
    int64_t period = 5 * GO_MILLISECOND, begin = go_now();
    go_ticker *t = go_ticker_new(period);
    int ticks = 0;

    while (go_now() - begin < GO_SECOND)
        ticks += go_recv(go_ticker_chan(t), NULL) == 0;
    CHECK_BETWEEN(20, (go_now() - begin) / period, ticks);
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(who_is_slow_misses_ticks)
{
    go_ticker *t = go_ticker_new(GO_MILLISECOND);

    go_sleep(50 * GO_MILLISECOND);
    CHECK_EQ(1, go_chan_len(go_ticker_chan(t)));
    CHECK_EQ(0, go_ticker_stop(t));
    CHECK_BETWEEN(0, 1, go_chan_len(go_ticker_chan(t)));
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(a_stopped_ticker_ticks_no_more_and_stays_open)
{
    go_ticker *t = go_ticker_new(GO_MILLISECOND);
    int left = 0;

    CHECK_EQ(0, go_recv(go_ticker_chan(t), NULL));
    CHECK_EQ(0, go_ticker_stop(t));
    CHECK_EQ(0, go_ticker_stop(t));
    while (go_recv_until(go_ticker_chan(t), NULL, go_deadline(20 * GO_MILLISECOND)) == 0)
        left++;
    CHECK_BETWEEN(0, 1, left);
    CHECK_EQ(-EAGAIN, go_recv_until(go_ticker_chan(t), NULL, GO_NOW));
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(reset_gives_a_ticker_a_new_period)
{
    go_ticker *t = go_ticker_new(3600 * GO_SECOND);
    int64_t begin = go_now(), sent = 0;

    CHECK_EQ(0, go_ticker_reset(t, 2 * GO_MILLISECOND));
    for (int i = 0; i < 5; i++)
        CHECK_EQ(0, go_recv(go_ticker_chan(t), &sent));
    CHECK_BETWEEN(begin + 10 * GO_MILLISECOND, begin + 20 * GO_SECOND, sent);
    CHECK_EQ(0, go_ticker_reset(t, 3600 * GO_SECOND));
    go_recv_until(go_ticker_chan(t), NULL, GO_NOW);
    CHECK_EQ(-ETIMEDOUT, go_recv_until(go_ticker_chan(t), NULL, go_deadline(20 * GO_MILLISECOND)));
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(reset_starts_a_stopped_ticker_again)
{
    go_ticker *t = go_ticker_new(GO_MILLISECOND);

    for (int i = 0; i < 5; i++) {
        CHECK_EQ(0, go_ticker_stop(t));
        CHECK_EQ(0, go_ticker_reset(t, GO_MILLISECOND));
        CHECK_EQ(0, go_recv(go_ticker_chan(t), NULL));
        CHECK_EQ(0, go_recv(go_ticker_chan(t), NULL));
    }
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(a_period_that_is_not_positive_is_refused)
{
    go_ticker *t = go_ticker_new(3600 * GO_SECOND);

    CHECK_PTR(NULL, go_ticker_new(0));
    CHECK_PTR(NULL, go_ticker_new(-1));
    CHECK_PTR(NULL, go_ticker_new(INT64_MIN));
    CHECK_EQ(-EINVAL, go_ticker_reset(t, 0));
    CHECK_EQ(-EINVAL, go_ticker_reset(t, -1));
    CHECK_EQ(-EINVAL, go_ticker_reset(NULL, GO_SECOND));
    CHECK_EQ(-EINVAL, go_ticker_stop(NULL));
    CHECK_EQ(0, go_ticker_free(NULL));
    CHECK_PTR(NULL, go_ticker_chan(NULL));
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(a_huge_period_does_not_tick)
{
    static const int64_t periods[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 2};

    for (int i = 0; i < 3; i++) {
        go_ticker *t = go_ticker_new(periods[i]);

        CHECK_EQ(-ETIMEDOUT, go_recv_until(go_ticker_chan(t), NULL, go_deadline(5 * GO_MILLISECOND)));
        CHECK_EQ(0, go_ticker_free(t));
    }
}

TEST(a_period_of_a_nanosecond_does_not_stop_the_world)
{
    go_ticker *t = go_ticker_new(1);
    int64_t begin = test_now();

    go_maxprocs(1);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, go_recv(go_ticker_chan(t), NULL));
    go_sleep(10 * GO_MILLISECOND);
    CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
    CHECK_EQ(0, go_ticker_free(t));
}

static void wait_for_tick(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_recv(arg, NULL));
}

TEST(a_ticker_that_somebody_waits_on_is_not_freed)
{
    go_ticker *t = go_ticker_new(3600 * GO_SECOND);
    struct crew *c = crew_start(1, wait_for_tick, go_ticker_chan(t));

    test_settle();
    go_sleep(GO_MILLISECOND);
    CHECK_EQ(-EBUSY, go_ticker_free(t));
    CHECK_EQ(0, go_ticker_reset(t, GO_MILLISECOND));
    crew_wait(c);
    CHECK_EQ(0, go_ticker_free(t));
}

TEST(a_hog_does_not_starve_a_ticker)
{
    go_ticker *t = go_ticker_new(GO_MILLISECOND);
    int64_t begin = test_now();
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(2, hog_arithmetic);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_recv(go_ticker_chan(t), NULL));
    CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
    hogs_stop(h);
    CHECK_EQ(0, go_ticker_free(t));
}

static void start_and_stop_tickers(void *arg, int index)
{
    atomic_long *ticks = arg;

    for (int i = 0; i < SCALED(300); i++) {
        go_ticker *t = go_ticker_new((1 + (i + index) % 20) * GO_MICROSECOND);

        if (i % 3 == 0)
            atomic_fetch_add(ticks, go_recv(go_ticker_chan(t), NULL) == 0);
        if (i % 5 == 0)
            CHECK_EQ(0, go_ticker_reset(t, (1 + i % 7) * GO_MICROSECOND));
        if (i % 5 == 0)
            atomic_fetch_add(ticks, go_recv(go_ticker_chan(t), NULL) == 0);
        if (i % 2)
            CHECK_EQ(0, go_ticker_stop(t));
        CHECK_EQ(0, go_ticker_free(t));
    }
}

TEST(many_tickers_come_and_go)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        atomic_long *ticks = test_alloc(sizeof *ticks);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, start_and_stop_tickers, ticks);
        crew_run(8, start_and_stop_tickers, ticks);
        crew_wait(threads);
        CHECK_EQ(10 * ((SCALED(300) + 2) / 3 + (SCALED(300) + 4) / 5), atomic_load(ticks));
    }
}
