/* What select.h promises: which case is done, what the others see of it, deadlines, and what is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "cases.h"
#include "test.h"

/* ---- one of several ---- */

TEST(a_select_does_the_one_case_that_is_ready)
{
    for (int ready = 0; ready < 5; ready++) {
        struct go_case cases[5];
        int got[5];

        for (int i = 0; i < 5; i++) {
            got[i] = -1;
            cases[i] = receiving(test_chan(sizeof(int), 1), &got[i]);
        }
        CHECK_EQ(0, go_send(cases[ready].chan, &(int){40 + ready}));
        CHECK_EQ(ready, ready % 2 ? go_select(cases, 5) : go_select_until(cases, 5, GO_NOW));
        CHECK_EQ(0, cases[ready].result);
        for (int i = 0; i < 5; i++)
            CHECK_EQ(i == ready ? 40 + ready : -1, got[i]);
        CHECK_EQ(-EAGAIN, go_select_until(cases, 5, GO_NOW));
    }
}

TEST(a_select_sends_or_receives_but_never_both)
{
    for (int i = 0; i < 200; i++) {
        go_chan *a = test_chan(sizeof(int), 1), *b = test_chan(sizeof(int), 1);
        int out = 5, in = -1;
        struct go_case cases[] = {sending(a, &out), receiving(b, &in)};
        int chosen;

        CHECK_EQ(0, go_send(b, &(int){6}));
        chosen = go_select(cases, 2);
        CHECK_BETWEEN(0, 1, chosen);
        CHECK_EQ(chosen == 0, go_chan_len(a));
        CHECK_EQ(chosen == 0, go_chan_len(b));
        CHECK_EQ(chosen == 0 ? -1 : 6, in);
    }
}

TEST(a_select_with_one_case_is_a_send_or_a_receive)
{
    go_chan *c = test_chan(sizeof(int), 1);
    int value = 8;
    struct go_case send = sending(c, &value), recv = receiving(c, &value);

    CHECK_EQ(0, go_select(&send, 1));
    CHECK_EQ(0, send.result);
    CHECK_EQ(-EAGAIN, go_select_until(&send, 1, GO_NOW));
    value = 0;
    CHECK_EQ(0, go_select(&recv, 1));
    CHECK_EQ(8, value);
    CHECK_EQ(-EAGAIN, go_select_until(&recv, 1, GO_NOW));
}

TEST(a_case_without_a_channel_is_never_ready)
{
    go_chan *c = test_chan(sizeof(int), 1);
    int value = 1;
    struct go_case cases[] = {sending(NULL, &value), sending(c, &value), receiving(NULL, &value), receiving(NULL, NULL)};

    CHECK_EQ(1, go_select(cases, 4));
    CHECK_EQ(-EAGAIN, go_select_until(cases, 4, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_select_until(cases, 4, go_deadline(GO_MILLISECOND)));
}

TEST(a_select_without_cases_waits_out_its_deadline)
{
    struct go_case none = {0};
    int64_t deadline = go_deadline(2 * GO_MILLISECOND);

    CHECK_EQ(-EAGAIN, go_select_until(&none, 0, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_select_until(&none, 0, 1));
    CHECK_EQ(-ETIMEDOUT, go_select_until(&none, 0, deadline));
    CHECK(go_now() >= deadline);
}

TEST(a_received_element_may_be_dropped_and_a_signal_has_none)
{
    go_chan *c = test_chan(sizeof(int), 1), *signal = test_chan(0, 1);
    struct go_case cases[] = {receiving(c, NULL), sending(signal, NULL)};

    CHECK_EQ(1, go_select(cases, 2));
    CHECK_EQ(0, go_send(c, &(int){1}));
    CHECK_EQ(0, go_select(cases, 2));
    CHECK_EQ(0, go_chan_len(c));
}

/* ---- waiting ---- */

static void send_on_b(void *arg)
{
    struct pair *p = arg;
    CHECK_EQ(0, go_send(p->b, &(int){31}));
}

static void receive_from_b(void *arg)
{
    struct pair *p = arg;
    int value = 0;

    CHECK_EQ(0, go_recv(p->b, &value));
    CHECK_EQ(32, value);
}

TEST(a_waiting_select_is_woken_by_either_side)
{
    for (size_t capacity = 0; capacity < 3; capacity++) {
        struct pair *p = test_alloc(sizeof *p);
        int in = -1, out = 32;

        *p = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), capacity)};
        struct go_case recv[] = {receiving(p->a, &in), receiving(p->b, &in)};
        struct go_case send[] = {sending(p->a, &out), sending(p->b, &out)};

        go_spawn(send_on_b, p);
        CHECK_EQ(1, go_select(recv, 2));
        CHECK_EQ(31, in);
        go_spawn(receive_from_b, p);
        CHECK_EQ(1, go_select(send, 2));
    }
}

TEST(a_select_that_tries_finds_the_partner_that_waits)
{
    struct pair *p = test_alloc(sizeof *p);
    int in = -1, out = 32, chosen = -EAGAIN;

    *p = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), 0)};
    struct go_case recv[] = {receiving(p->a, &in), receiving(p->b, &in)};
    struct go_case send[] = {sending(p->a, &out), sending(p->b, &out)};

    go_spawn(send_on_b, p);
    EVENTUALLY((chosen = go_select_until(recv, 2, GO_NOW)) != -EAGAIN);
    CHECK_EQ(1, chosen);
    CHECK_EQ(31, in);
    go_spawn(receive_from_b, p);
    EVENTUALLY((chosen = go_select_until(send, 2, GO_NOW)) != -EAGAIN);
    CHECK_EQ(1, chosen);
}

/* ---- the same channel more than once ---- */

TEST(a_select_never_meets_itself)
{
    go_chan *c = test_chan(sizeof(int), 0);
    int in = -1, out = 1;
    struct go_case cases[] = {sending(c, &out), receiving(c, &in), sending(c, &out)};

    for (int i = 0; i < 100; i++)
        CHECK_EQ(-EAGAIN, go_select_until(cases, 3, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_select_until(cases, 3, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(-1, in);
}

TEST(both_directions_of_a_buffered_channel_take_turns)
{
    go_chan *c = test_chan(sizeof(int), 1);
    int in = -1, out = 0;
    struct go_case cases[] = {receiving(c, &in), sending(c, &out)};

    for (out = 0; out < 100; out++) {
        CHECK_EQ(1, go_select(cases, 2));
        CHECK_EQ(0, go_select(cases, 2));
        CHECK_EQ(out, in);
    }
}

static void select_twice_the_same(void *arg)
{
    struct pair *p = arg;
    int x = 0;
    struct go_case cases[] = {receiving(p->a, &x), receiving(p->a, &x), receiving(p->b, &x), receiving(p->a, &x)};

    CHECK_EQ(2, go_select(cases, 4));
    CHECK_EQ(3, x);
}

static void receive_from_a(void *arg)
{
    struct pair *p = arg;
    int value = 0;

    CHECK_EQ(0, go_recv(p->a, &value));
    CHECK_EQ(4, value);
}

TEST(a_channel_in_several_cases_keeps_its_queue_of_waiters_whole)
{
    struct pair *p = test_alloc(sizeof *p);

    *p = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), 0)};
    test_start_until_blocked(receive_from_a, p);
    test_start_until_blocked(select_twice_the_same, p);
    test_start_until_blocked(receive_from_a, p);
    CHECK_EQ(0, go_send(p->b, &(int){3})); /* takes three waiters out of a's queue, from between the two others */
    CHECK_EQ(0, go_send(p->a, &(int){4}));
    CHECK_EQ(0, go_send(p->a, &(int){4}));
    CHECK_EQ(-EAGAIN, go_send_until(p->a, &(int){4}, GO_NOW));
}

/* ---- closing ---- */

TEST(a_case_on_a_closed_channel_is_ready_and_says_epipe)
{
    go_chan *open = test_chan(sizeof(int), 0), *closed = test_chan(sizeof(int), 1);
    int in = 7, out = 7;
    struct go_case recv[] = {receiving(open, &in), receiving(closed, &in)};
    struct go_case send[] = {sending(closed, &out), sending(open, &out)};

    CHECK_EQ(0, go_send(closed, &(int){1}));
    CHECK_EQ(0, go_chan_close(closed));
    CHECK_EQ(1, go_select(recv, 2));
    CHECK_EQ(0, recv[1].result);
    CHECK_EQ(1, in);
    CHECK_EQ(1, go_select(recv, 2));
    CHECK_EQ(-EPIPE, recv[1].result);
    CHECK_EQ(0, in);
    CHECK_EQ(0, go_select_until(send, 2, GO_NOW));
    CHECK_EQ(-EPIPE, send[0].result);
    CHECK_EQ(7, out);
}

static void select_until_closed(void *arg, int index)
{
    struct pair *p = arg;
    int value = 7;
    struct go_case cases[] = {receiving(p->a, &value), index % 2 ? sending(p->b, &value) : receiving(p->b, &value)};

    CHECK_EQ(1, go_select(cases, 2));
    CHECK_EQ(-EPIPE, cases[1].result);
    CHECK_EQ(index % 2 ? 7 : 0, value);
}

TEST(closing_wakes_every_waiting_select)
{
    for (int parity = 0; parity < 2; parity++) {
        struct pair *p = test_alloc(sizeof *p);
        struct crew *goroutines, *threads;

        *p = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), 0)};
        goroutines = crew_start(1, select_until_closed, p);
        threads = crew_start_threads(1, select_until_closed, p);
        test_settle();
        CHECK_EQ(0, go_chan_close(p->b));
        crew_wait(goroutines);
        crew_wait(threads);
    }
}

/* ---- deadlines ---- */

TEST(a_select_whose_deadline_passes_touches_nothing)
{
    static const int64_t waits[] = {-GO_SECOND, 1, 1000, 100 * GO_MICROSECOND, GO_MILLISECOND, 5 * GO_MILLISECOND};
    go_chan *empty = test_chan(sizeof(int), 0), *full = test_chan(sizeof(int), 1);
    int in = 7, out = 8;
    struct go_case cases[] = {receiving(empty, &in), sending(full, &out), sending(empty, &out)};

    CHECK_EQ(0, go_send(full, &(int){1}));
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        int64_t deadline = go_deadline(waits[i]);
        CHECK_EQ(-ETIMEDOUT, go_select_until(cases, 3, deadline));
        CHECK(go_now() >= deadline);
    }
    CHECK_EQ(7, in);
    CHECK_EQ(1, go_chan_len(full));
    CHECK_EQ(-EAGAIN, go_send_until(empty, &out, GO_NOW));
}

TEST(a_deadline_in_the_past_does_not_stop_a_select_that_need_not_wait)
{
    go_chan *c = test_chan(sizeof(int), 1);
    int value = 1;
    struct go_case send = sending(c, &value), recv = receiving(c, &value);

    CHECK_EQ(0, go_select_until(&send, 1, 1));
    CHECK_EQ(0, go_select_until(&recv, 1, -5));
}

/* ---- sizes ---- */

static void check_each_of(int n)
{
    struct go_case *cases = calloc((size_t)n, sizeof *cases);
    go_chan **chans = calloc((size_t)n, sizeof *chans);
    int value = -1, step = n > 100 ? n / 50 : 1;

    for (int i = 0; i < n; i++) {
        chans[i] = go_chan_new(sizeof(int), 1);
        cases[i] = receiving(chans[i], &value);
    }
    for (int i = 0; i < n; i += step) {
        CHECK_EQ(0, go_send(chans[i], &i));
        CHECK_EQ(i, go_select(cases, n));
        CHECK_EQ(i, value);
    }
    CHECK_EQ(-ETIMEDOUT, go_select_until(cases, n, go_deadline(1000)));
    for (int i = 0; i < n; i++)
        CHECK_EQ(0, go_chan_free(chans[i]));
    free(chans);
    free(cases);
}

TEST(a_select_may_have_any_number_of_cases_up_to_65536)
{
    static const int sizes[] = {1, 2, 3, 16, 17, 64, 65, 1000, 65536};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_each_of(sizes[i]);
}

static void send_on_the_last(void *arg)
{
    CHECK_EQ(0, go_send(arg, &(int){11}));
}

TEST(a_select_of_a_thousand_cases_waits_and_is_woken)
{
    struct go_case *cases = test_alloc(1000 * sizeof *cases);
    int value = 0;

    for (int i = 0; i < 1000; i++)
        cases[i] = receiving(test_chan(sizeof(int), 0), &value);
    for (int i = 999; i >= 0; i -= 111) {
        go_spawn(send_on_the_last, cases[i].chan);
        CHECK_EQ(i, go_select(cases, 1000));
        CHECK_EQ(11, value);
    }
}

/* ---- what is refused ---- */

TEST(bad_arguments_are_refused_with_einval_and_nothing_is_done)
{
    go_chan *ready = test_chan(sizeof(int), 1), *c = test_chan(sizeof(int), 1);
    int value = 1;
    struct go_case good = sending(ready, &value);
    struct go_case no_elem[] = {good, sending(c, NULL)};
    struct go_case no_op[] = {good, {.chan = c, .elem = &value, .op = 0}};
    struct go_case strange_op[] = {good, {.chan = c, .elem = &value, .op = GO_SEND | GO_RECV}};
    struct go_case *many = test_alloc(65537 * sizeof *many);

    for (int i = 0; i < 65537; i++)
        many[i] = good;
    CHECK_EQ(-EINVAL, go_select(NULL, 1));
    CHECK_EQ(-EINVAL, go_select(&good, -1));
    CHECK_EQ(-EINVAL, go_select_until(&good, INT32_MIN, GO_NOW));
    CHECK_EQ(-EINVAL, go_select(many, 65537));
    CHECK_EQ(-EINVAL, go_select_until(many, INT32_MAX, GO_NOW));
    CHECK_EQ(-EINVAL, go_select(no_elem, 2));
    CHECK_EQ(-EINVAL, go_select_until(no_op, 2, GO_NOW));
    CHECK_EQ(-EINVAL, go_select(strange_op, 2));
    CHECK_EQ(0, go_chan_len(ready));
    CHECK_EQ(0, go_chan_len(c));
}

/* ---- every channel in every state ---- */

enum { NONE, EMPTY, FULL, PARTLY, CLOSED_EMPTY, CLOSED_FULL, STATES };

static go_chan *in_state(int state, size_t capacity)
{
    go_chan *c = state == NONE ? NULL : test_chan(sizeof(int), capacity);
    int n = state == FULL || state == CLOSED_FULL ? (int)capacity : state == PARTLY ? 1 : 0;

    for (int i = 0; i < n; i++)
        CHECK_EQ(0, go_send(c, &(int){50 + i}));
    if (state == CLOSED_EMPTY || state == CLOSED_FULL)
        CHECK_EQ(0, go_chan_close(c));
    return c;
}

TEST(a_case_in_every_state_of_its_channel_is_ready_or_not_as_a_send_and_a_receive_are)
{
    static const struct {
        int select, result;
    } want[STATES][2] = {
        [NONE] = {{-EAGAIN, 99}, {-EAGAIN, 99}},
        [EMPTY] = {{0, 0}, {-EAGAIN, 99}},
        [FULL] = {{-EAGAIN, 99}, {0, 0}},
        [PARTLY] = {{0, 0}, {0, 0}},
        [CLOSED_EMPTY] = {{0, -EPIPE}, {0, -EPIPE}},
        [CLOSED_FULL] = {{0, -EPIPE}, {0, 0}},
    };

    for (int state = 0; state < STATES; state++) {
        int value = 1;
        struct go_case send = sending(in_state(state, 2), &value), recv = receiving(in_state(state, 2), &value);

        CHECK_EQ(want[state][0].select, go_select_until(&send, 1, GO_NOW));
        CHECK_EQ(want[state][0].result, send.result);
        CHECK_EQ(want[state][1].select, go_select_until(&recv, 1, GO_NOW));
        CHECK_EQ(want[state][1].result, recv.result);
    }
}
