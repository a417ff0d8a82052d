/* Races of a wait that ends with what comes beside it: a channel that is freed as soon as it has served its only waiter, or while
 * that one gives up; a cancel of very many while others of them are served.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

/* ---- a channel that is freed as soon as it has served its only waiter ---- */

struct single {
    go_chan *c;
    go_ctx *ctx;
    int64_t deadline;
    int kind, result;
};

static void receive_single(void *arg, int index)
{
    struct single *s = arg;
    int value = -1;
    struct go_case one = {s->c, &value, GO_RECV, 0, {0}};

    (void)index;
    if (s->kind == 0)
        s->result = go_recv_until(s->c, &value, s->deadline);
    else if (s->kind == 1)
        s->result = go_recv_ctx(s->ctx, s->c, &value);
    else
        s->result = go_select_until(&one, 1, s->deadline);
    CHECK_EQ(s->result ? -1 : 5, value);
}

static void cancel_single(void *arg, int index)
{
    struct single *s = arg;

    (void)index;
    go_sleep_until(s->deadline);
    go_ctx_cancel(s->ctx, 0);
}

/* A select comes back to the channel also when it is served. */
static void free_at_once(struct single *s, bool served)
{
    if (served && s->kind < 2)
        CHECK_EQ(0, go_chan_free(s->c));
    else
        EVENTUALLY(go_chan_free(s->c) == 0);
}

static bool serve_and_free(int i, bool on_thread)
{
    struct single *s = test_alloc(sizeof *s);
    struct crew *receiver, *canceller;
    bool served;

    *s = (struct single){.c = go_chan_new(sizeof(int), 0), .ctx = go_ctx_new(NULL), .kind = i % 3};
    s->deadline = go_deadline(i % 47 * GO_MICROSECOND);
    receiver = (on_thread ? crew_start_threads : crew_start)(1, receive_single, s);
    canceller = crew_start(s->kind == 1, cancel_single, s);
    served = go_send_until(s->c, &(int){5}, go_deadline(200 * GO_MICROSECOND)) == 0;
    if (served)
        free_at_once(s, true);
    crew_wait(receiver);
    crew_wait(canceller);
    if (!served)
        free_at_once(s, false);
    CHECK_EQ(served, s->result == 0);
    go_ctx_free(s->ctx);
    return served;
}

TEST(a_channel_may_be_freed_as_soon_as_it_has_served_a_receiver_that_had_a_deadline)
{
    int served = 0, n = SCALED(3000);

    go_maxprocs(4);
    for (int i = 0; i < n; i++)
        served += serve_and_free(i, i % 16 == 0);
    CHECK(served > 0);
}

/* Closing takes off who waits and who has just given up alike; who gave up comes back to the channel, so it is not freed before. */
static void receive_until_soon(void *arg)
{
    struct single *s = arg;

    s->result = go_recv_until(s->c, NULL, s->deadline);
    CHECK(s->result == -EPIPE || s->result == -ETIMEDOUT);
    s->kind = 1;
}

TEST(a_channel_that_is_closed_and_freed_while_its_receiver_gives_up_is_there_for_it)
{
    go_maxprocs(4);
    for (int i = 0; i < SCALED(1000); i++) {
        struct single *s = test_alloc(sizeof *s);

        *s = (struct single){.c = go_chan_new(0, 0), .deadline = go_deadline(1500 * GO_MICROSECOND)};
        test_start_until_blocked(receive_until_soon, s);
        while (go_now() < s->deadline + i % 50 * GO_MICROSECOND - 10 * GO_MICROSECOND)
            ;
        CHECK_EQ(0, go_chan_close(s->c));
        EVENTUALLY(go_chan_free(s->c) == 0);
        EVENTUALLY(go_count() == 1);
        CHECK_EQ(1, s->kind);
    }
}

/* ---- many at once ---- */

struct crowd {
    go_ctx *ctx;
    go_chan *c;
    atomic_int waiting, cancelled, served;
};

static void wait_in_crowd(void *arg, int index)
{
    struct crowd *w = arg;
    struct go_case both[] = {{w->c, NULL, GO_RECV, 0, {0}}, {.op = GO_RECV}};
    int result;

    atomic_fetch_add(&w->waiting, 1);
    result = index % 2 ? go_recv_ctx(w->ctx, w->c, NULL) : go_select_ctx(w->ctx, both, 2);
    CHECK(result == 0 || result == -ECANCELED);
    atomic_fetch_add(result ? &w->cancelled : &w->served, 1);
}

TEST(a_cancel_reaches_all_of_ten_thousand_that_wait_while_others_are_served)
{
    int n = CROWD(10000), sent = 0;
    struct crowd *w = test_alloc(sizeof *w);
    struct crew *crew;

    go_maxprocs(4);
    w->ctx = go_ctx_new(NULL);
    w->c = test_chan(0, 0);
    crew = crew_start(n, wait_in_crowd, w);
    EVENTUALLY(atomic_load(&w->waiting) == n);
    for (int i = 0; i < n / 3; i++)
        sent += go_send_until(w->c, NULL, go_deadline(GO_SECOND)) == 0;
    CHECK_EQ(1, go_ctx_cancel(w->ctx, 0));
    while (go_send_until(w->c, NULL, GO_NOW) == 0)
        sent++;
    crew_wait(crew);
    CHECK_EQ(sent, atomic_load(&w->served));
    CHECK_EQ(n - sent, atomic_load(&w->cancelled));
    go_ctx_free(w->ctx);
}
