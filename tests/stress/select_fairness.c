/* Fairness of selects: of cases that are ready each is chosen with equal chance, and no goroutine is passed over for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include "test.h"

/* With n trials of chance 1/k, the count lies this far from n/k once in some 10^12 runs: 7 standard deviations. */
static int margin(int n, int k)
{
    double chance = 1.0 / k;

    return (int)(7 * sqrt(n * chance * (1 - chance))) + 1;
}

static void check_equal_chance(const int *counts, int k, int n)
{
    for (int i = 0; i < k; i++)
        CHECK_BETWEEN(n / k - margin(n, k), n / k + margin(n, k), counts[i]);
}

/* ---- who is ready already ---- */

TEST(each_of_the_ready_cases_is_chosen_with_equal_chance)
{
    static const int sizes[] = {2, 3, 4, 5, 7, 16, 100};

    for (int s = 0; s < 7; s++) {
        int k = sizes[s], n = SCALED(10000) * (k > 5 ? 2 : 1), counts[100] = {0};
        struct go_case cases[100];

        for (int i = 0; i < k; i++) {
            cases[i] = (struct go_case){.chan = test_chan(0, 1), .op = GO_RECV};
            CHECK_EQ(0, go_send(cases[i].chan, NULL));
        }
        for (int i = 0; i < n; i++) {
            int chosen = s % 2 ? go_select(cases, k) : go_select_until(cases, k, GO_NOW);
            if (!CHECK_BETWEEN(0, k - 1, chosen))
                return;
            counts[chosen]++;
            CHECK_EQ(0, go_send(cases[chosen].chan, NULL));
        }
        check_equal_chance(counts, k, n);
    }
}

TEST(cases_that_are_not_ready_do_not_change_the_chances_of_the_others)
{
    int n = SCALED(10000), counts[8] = {0}, of_ready[3];
    struct go_case cases[8];

    for (int i = 0; i < 8; i++) /* 0, 3 and 7 are ready: one to send, one to receive, one closed */
        cases[i] = (struct go_case){.chan = i % 2 ? test_chan(0, 1) : i ? NULL : test_chan(0, 1), .op = GO_RECV};
    cases[0].op = GO_SEND;
    CHECK_EQ(0, go_send(cases[3].chan, NULL));
    CHECK_EQ(0, go_chan_close(cases[7].chan));
    for (int i = 0; i < n; i++) {
        int chosen = go_select(cases, 8);
        if (!CHECK_BETWEEN(0, 7, chosen))
            return;
        counts[chosen]++;
        if (chosen == 0)
            CHECK_EQ(0, go_recv(cases[0].chan, NULL));
        if (chosen == 3)
            CHECK_EQ(0, go_send(cases[3].chan, NULL));
    }
    of_ready[0] = counts[0];
    of_ready[1] = counts[3];
    of_ready[2] = counts[7];
    CHECK_EQ(n, counts[0] + counts[3] + counts[7]);
    check_equal_chance(of_ready, 3, n);
}

TEST(the_same_channel_in_several_cases_gives_each_of_them_an_equal_chance)
{
    int n = SCALED(10000), counts[3] = {0};
    go_chan *c = test_chan(0, 1);
    struct go_case cases[] = {{.chan = c, .op = GO_RECV}, {.chan = c, .op = GO_RECV}, {.chan = c, .op = GO_RECV}};

    for (int i = 0; i < n; i++) {
        int chosen;
        CHECK_EQ(0, go_send(c, NULL));
        chosen = go_select(cases, 3);
        if (!CHECK_BETWEEN(0, 2, chosen))
            return;
        counts[chosen]++;
    }
    check_equal_chance(counts, 3, n);
}

static void count_which_is_served(void *arg, int index)
{
    struct go_case cases[] = {{.chan = arg, .op = GO_SEND}, {.chan = NULL, .op = GO_SEND}, {.chan = arg, .op = GO_SEND}};
    int n = SCALED(4000), counts[2] = {0};

    (void)index;
    for (int i = 0; i < n; i++) {
        int chosen = go_select(cases, 3);
        if (CHECK(chosen == 0 || chosen == 2))
            counts[chosen / 2]++;
    }
    check_equal_chance(counts, 2, n);
}

TEST(a_select_that_waits_twice_on_one_channel_gives_both_cases_an_equal_chance)
{
    go_chan *c = test_chan(0, 0);
    struct crew *crew;

    go_maxprocs(1);
    crew = crew_start(1, count_which_is_served, c);
    for (int i = 0; i < SCALED(4000); i++) {
        go_yield(); /* so that the select waits already, most of the time */
        CHECK_EQ(0, go_recv(c, NULL));
    }
    crew_wait(crew);
}

/* ---- random choice between two sends ---- */

struct tosses {
    go_chan *c;
    int n;
};

static void toss(void *arg, int index)
{
    struct tosses *t = arg;
    int zero = 0, one = 1;
    struct go_case cases[] = {{.chan = t->c, .elem = &zero, .op = GO_SEND}, {.chan = t->c, .elem = &one, .op = GO_SEND}};

    (void)index;
    for (int i = 0; i < t->n; i++)
        CHECK_BETWEEN(0, 1, go_select(cases, 2));
}

TEST(a_select_between_sending_nought_and_one_is_a_fair_coin_at_every_capacity)
{
    int all[2] = {0}, tossed = 0;

    for (size_t capacity = 0; capacity < 100; capacity++) {
        struct tosses *t = test_alloc(sizeof *t);
        struct crew *crew;
        int counts[2] = {0}, value = 0;

        *t = (struct tosses){test_chan(sizeof(int), capacity), 400};
        crew = crew_start(1, toss, t);
        for (int i = 0; i < t->n; i++) {
            CHECK_EQ(0, go_recv(t->c, &value));
            if (!CHECK_BETWEEN(0, 1, value))
                return;
            counts[value]++;
            all[value]++;
            tossed++;
        }
        crew_wait(crew);
        CHECK(counts[0] > t->n / 10);
        CHECK(counts[1] > t->n / 10);
    }
    check_equal_chance(all, 2, tossed);
}

/* ---- nobody is left behind ---- */

struct crowd {
    go_chan *a, *b, *stop;
};

static void send_for_ever(void *arg, int index)
{
    struct crowd *w = arg;
    struct go_case cases[] = {{.chan = index ? w->b : w->a, .op = GO_SEND}, {.chan = w->stop, .op = GO_RECV}};

    while (go_select(cases, 2) == 0)
        ;
}

/* Listens until it has heard enough from each; how many it hears from the other meanwhile depends on who runs when. */
static void hear_both(void *arg, int index)
{
    struct crowd *w = arg;
    struct go_case cases[] = {{.chan = w->a, .op = GO_RECV}, {.chan = w->b, .op = GO_RECV}};
    int64_t end = test_now() + 30 * GO_SECOND;
    int heard[2] = {0};

    (void)index;
    while ((heard[0] < SCALED(1000) || heard[1] < SCALED(1000)) && test_now() < end) {
        int chosen = go_select(cases, 2);
        if (!CHECK_BETWEEN(0, 1, chosen))
            return;
        heard[chosen]++;
    }
    CHECK(heard[0] >= SCALED(1000));
    CHECK(heard[1] >= SCALED(1000));
}

TEST(a_select_between_two_busy_senders_hears_both)
{
    static const int procs[] = {1, 2, 8};

    for (int p = 0; p < 3; p++)
        for (size_t capacity = 0; capacity < 3; capacity++) {
            struct crowd *w = test_alloc(sizeof *w);
            struct crew *senders;

            go_maxprocs(procs[p]);
            w->a = test_chan(0, capacity);
            w->b = test_chan(0, capacity);
            w->stop = test_chan(0, 0);
            senders = crew_start(2, send_for_ever, w);
            crew_run(1, hear_both, w);
            CHECK_EQ(0, go_chan_close(w->stop));
            crew_wait(senders);
        }
}
