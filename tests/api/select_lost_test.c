/* Selects that were chosen by one of their cases and have not run since: at all others they are still in line, and count for
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cases.h"
#include "test.h"

static void select_either(void *arg)
{
    struct pair *p = arg;
    int from_a = -1, from_b = -1;
    struct go_case cases[] = {receiving(p->a, &from_a), receiving(p->b, &from_b)};

    CHECK_EQ(1, go_select(cases, 2));
    CHECK_EQ(-1, from_a);
    CHECK_EQ(5, from_b);
}

TEST(the_cases_that_lost_wait_no_longer)
{
    struct pair *p = test_alloc(sizeof *p);

    *p = (struct pair){test_chan(sizeof(int), 0), test_chan(sizeof(int), 0)};
    test_start_until_blocked(select_either, p);
    CHECK_EQ(-EBUSY, go_chan_free(p->a));
    CHECK_EQ(0, go_send(p->b, &(int){5}));
    CHECK_EQ(-EAGAIN, go_send_until(p->a, &(int){6}, GO_NOW));
}

/* Who was woken for one case still has to take its locks and leave the queues of the others. */
TEST(a_channel_is_not_freed_under_a_select_that_has_yet_to_leave_it)
{
    struct pair *p = test_alloc(sizeof *p);

    *p = (struct pair){go_chan_new(sizeof(int), 0), go_chan_new(sizeof(int), 0)};
    go_maxprocs(1);
    test_start_until_blocked(select_either, p);
    go_preempt_off();
    CHECK_EQ(0, go_send(p->b, &(int){5}));
    CHECK_EQ(-EBUSY, go_chan_free(p->a));
    CHECK_EQ(-EBUSY, go_chan_free(p->b));
    go_preempt_on();
    EVENTUALLY(go_chan_free(p->a) == 0);
    EVENTUALLY(go_chan_free(p->b) == 0);
}

struct lost {
    go_chan *lose[4], *win;
};

static void select_and_lose(void *arg)
{
    struct lost *l = arg;
    int value = 0;
    struct go_case cases[5];

    for (int i = 0; i < 4; i++)
        cases[i] = receiving(l->lose[i], &value);
    cases[4] = receiving(l->win, &value);
    CHECK_EQ(4, go_select(cases, 5));
}

TEST(a_select_does_not_take_those_that_lost_for_partners)
{
    struct lost *l = test_alloc(sizeof *l);
    struct go_case cases[4];
    int value = 5;

    for (int i = 0; i < 4; i++) {
        l->lose[i] = test_chan(sizeof(int), 0);
        cases[i] = sending(l->lose[i], &value);
    }
    l->win = test_chan(sizeof(int), 0);
    go_maxprocs(1);
    test_start_until_blocked(select_and_lose, l);
    go_preempt_off(); /* so that the other has been chosen by win, but has not run yet */
    CHECK_EQ(0, go_send(l->win, &value));
    CHECK_EQ(-EAGAIN, go_select_until(cases, 4, GO_NOW));
    go_preempt_on();
}

enum { CROWD = 16000 };

struct crowd {
    go_chan *chans[CROWD];
    struct go_case receivers[CROWD], senders[CROWD];
    int value;
};

static void select_among_many(void *arg)
{
    struct crowd *c = arg;

    for (int i = 0; i < CROWD; i++)
        c->receivers[i] = receiving(c->chans[i], &c->value);
    CHECK_EQ(0, go_select(c->receivers, CROWD));
}

static int64_t time_of_try(struct crowd *c)
{
    int64_t begin = test_now();

    CHECK_EQ(-EAGAIN, go_select_until(c->senders + 1, CROWD - 1, GO_NOW));
    return test_now() - begin;
}

/* Not one by one: that would be a look at all cases for each of them. */
TEST(a_select_passes_all_that_lost_in_one_look)
{
    struct crowd *c = test_alloc(sizeof *c);
    int64_t best[2] = {INT64_MAX, INT64_MAX};

    for (int i = 0; i < CROWD; i++) {
        c->chans[i] = test_chan(sizeof(int), 0);
        c->senders[i] = sending(c->chans[i], &c->value);
    }
    go_maxprocs(1);
    for (int round = 0; round < 5; round++) {
        test_start_until_blocked(select_among_many, c);
        go_preempt_off();
        CHECK_EQ(0, go_send(c->chans[0], &round));
        for (int i = 0; i < 2; i++) { /* the second finds none any more */
            int64_t took = time_of_try(c);
            best[i] = took < best[i] ? took : best[i];
        }
        go_preempt_on();
        test_settle();
    }
    CHECK_BETWEEN(0, 50 * best[1], best[0]);
}
