/* What chan.h promises about deadlines: they bound the wait, not the work, and a wait that was given up leaves no trace.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

static const int64_t past[] = {1, -1, INT64_MIN, INT64_MIN + 1};

#define EACH(i, array) (size_t i = 0; i < sizeof(array) / sizeof(array)[0]; i++)

TEST(a_deadline_in_the_past_gives_etimedout_where_it_would_wait)
{
    for
        EACH(i, past)
        {
            go_chan *c = test_chan(sizeof(int), 0);
            int value = 3;

            CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &value, past[i]));
            CHECK_EQ(-ETIMEDOUT, go_send_until(c, &value, past[i]));
            CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &value, go_now()));
            CHECK_EQ(-ETIMEDOUT, go_send_until(c, &value, go_deadline(-GO_SECOND)));
            CHECK_EQ(3, value);
        }
}

TEST(a_deadline_in_the_past_does_not_stop_what_need_not_wait)
{
    for
        EACH(i, past)
        {
            go_chan *c = test_chan(sizeof(int), 1);
            int value = 3;

            CHECK_EQ(0, go_send_until(c, &value, past[i]));
            value = 0;
            CHECK_EQ(0, go_recv_until(c, &value, past[i]));
            CHECK_EQ(3, value);
            CHECK_EQ(0, go_chan_close(c));
            CHECK_EQ(-EPIPE, go_recv_until(c, &value, past[i]));
            CHECK_EQ(-EPIPE, go_send_until(c, &value, past[i]));
        }
}

static void wait_in_vain(int64_t ns)
{
    go_chan *empty = test_chan(sizeof(int), 0), *full = test_chan(sizeof(int), 1);
    int value = 3;
    int64_t deadline = go_deadline(ns);

    CHECK_EQ(0, go_send(full, &(int){4}));
    CHECK_EQ(-ETIMEDOUT, go_recv_until(empty, &value, deadline));
    CHECK(go_now() >= deadline);
    deadline = go_deadline(ns);
    CHECK_EQ(-ETIMEDOUT, go_send_until(empty, &value, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_send_until(full, &value, go_deadline(ns)));
    CHECK_EQ(3, value);
    CHECK_EQ(1, go_chan_len(full));
}

TEST(a_deadline_soon_gives_etimedout_and_never_too_early)
{
    static const int64_t waits[] = {1, 100, GO_MICROSECOND, 20 * GO_MICROSECOND, GO_MILLISECOND, 20 * GO_MILLISECOND};

    for
        EACH(i, waits)
    wait_in_vain(waits[i]);
}

static void wait_in_vain_on_a_thread(void *arg, int index)
{
    (void)arg;
    (void)index;
    wait_in_vain(2 * GO_MILLISECOND);
}

TEST(a_plain_thread_waits_with_a_deadline_too)
{
    crew_wait(crew_start_threads(4, wait_in_vain_on_a_thread, NULL));
}

static void exchange(void *arg)
{
    go_chan **c = arg;
    int value = 0;

    CHECK_EQ(0, go_recv_until(c[0], &value, go_deadline(100 * GO_SECOND)));
    CHECK_EQ(0, go_send_until(c[1], &value, GO_FOREVER));
}

TEST(a_deadline_far_away_or_never_does_not_hinder)
{
    go_chan **c = test_alloc(2 * sizeof *c);
    int value = 0;

    c[0] = test_chan(sizeof(int), 0);
    c[1] = test_chan(sizeof(int), 0);
    test_start_until_blocked(exchange, c);
    CHECK_EQ(0, go_send_until(c[0], &(int){5}, INT64_MAX - 1));
    CHECK_EQ(0, go_recv_until(c[1], &value, go_deadline(INT64_MAX)));
    CHECK_EQ(5, value);
}

TEST(a_wait_that_was_given_up_leaves_no_waiter_behind)
{
    go_chan *c = go_chan_new(sizeof(int), 0);
    int value = 3;

    for (int i = 0; i < 100; i++) {
        CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &value, go_deadline(1000)));
        CHECK_EQ(-EAGAIN, go_send_until(c, &value, GO_NOW)); /* that receiver does not take it */
        CHECK_EQ(-ETIMEDOUT, go_send_until(c, &value, go_deadline(1000)));
        CHECK_EQ(-EAGAIN, go_recv_until(c, &value, GO_NOW)); /* nor is that sender's element there */
    }
    CHECK_EQ(3, value);
    CHECK_EQ(0, go_chan_free(c));
}

struct patient {
    go_chan *c;
    atomic_int timed_out, served;
};

static void wait_briefly_or_long(void *arg, int index)
{
    struct patient *p = arg;
    int value = -1;
    int r = go_recv_until(p->c, &value, index % 2 ? go_deadline(GO_MILLISECOND) : GO_FOREVER);

    if (r == -ETIMEDOUT) {
        CHECK_EQ(-1, value);
        CHECK_EQ(1, index % 2);
        atomic_fetch_add(&p->timed_out, 1);
    } else {
        CHECK_EQ(0, r);
        CHECK_EQ(6, value);
        atomic_fetch_add(&p->served, 1);
    }
}

TEST(giving_up_takes_out_only_the_one_that_gave_up)
{
    struct patient *p = test_alloc(sizeof *p);
    struct crew *crew;

    p->c = test_chan(sizeof(int), 0);
    crew = crew_start(40, wait_briefly_or_long, p);
    EVENTUALLY(atomic_load(&p->timed_out) == 20);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_send(p->c, &(int){6}));
    crew_wait(crew);
    CHECK_EQ(20, atomic_load(&p->served));
}
