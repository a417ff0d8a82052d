/* Counters: every add is in the sum once, whoever adds and wherever it is preempted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "goroutine/counter.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "child.h"
#include "hogs.h"

enum { ADDS = 3000000, REGIONS = 10000 };

struct tally {
    go_counter *counter;
    atomic_llong added; /* what the sum must be */
};

static struct tally *tally_new(void)
{
    struct tally *t = test_alloc(sizeof *t);

    t->counter = go_counter_new();
    CHECK(t->counter != NULL);
    return t;
}

static void tally_end(struct tally *t)
{
    CHECK_EQ(atomic_load(&t->added), go_counter_sum(t->counter));
    go_counter_free(t->counter);
}

/* In the test's own text, where it is preempted at each instruction in turn. */
static void add_many(void *arg, int index)
{
    struct tally *t = arg;
    int adds = SCALED(ADDS);

    for (int i = 0; i < adds; i++)
        go_counter_add(t->counter, index + 1);
    atomic_fetch_add(&t->added, (long long)adds * (index + 1));
}

TEST(a_new_counter_stands_at_nought)
{
    go_counter *c = go_counter_new();

    CHECK_EQ(0, go_counter_sum(c));
    go_counter_free(c);
    go_counter_free(NULL);
}

TEST(a_counter_counts_up_and_down_in_64_bits)
{
    static const int64_t steps[] = {1, -1, 0xffffffff, 1, 1LL << 40, -1, INT64_MAX / 2, -(1LL << 33), 12345678901LL, INT64_MIN / 2};
    go_counter *c = go_counter_new();
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        go_counter_add(c, steps[i]);
        sum += (uint64_t)steps[i];
        CHECK_EQ((int64_t)sum, go_counter_sum(c));
    }
    go_counter_free(c);
}

TEST(a_counter_wraps_around)
{
    go_counter *c = go_counter_new();

    go_counter_add(c, INT64_MAX);
    go_counter_add(c, 1);
    CHECK_EQ(INT64_MIN, go_counter_sum(c));
    go_counter_free(c);
}

static void check_crew(int processors, int goroutines)
{
    struct tally *t;

    go_maxprocs(processors);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    crew_run(goroutines, add_many, t);
    tally_end(t);
}

TEST(no_add_is_lost_on_one_processor)
{
    check_crew(1, 8);
}

TEST(no_add_is_lost_on_two_processors)
{
    check_crew(2, 8);
}

TEST(no_add_is_lost_on_eight_processors)
{
    check_crew(8, 32);
}

TEST(no_add_is_lost_however_often_who_adds_is_preempted)
{
    struct tally *t = tally_new();

    hogs_crowd(add_many, t);
    tally_end(t);
}

TEST(no_add_is_lost_if_preemptions_are_injected_calls)
{
    NEEDS_CHILDREN();
    CHECK(child_passes("no add is lost however often", "GOROUTINE_PREEMPT", "inject"));
}

TEST(plain_threads_and_goroutines_add_to_one_counter)
{
    struct tally *t;
    struct crew *threads;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    threads = crew_start_threads(4, add_many, t);
    crew_run(4, add_many, t);
    crew_wait(threads);
    tally_end(t);
}

/* In and out of regions, so that processors are given away and taken between any two adds. */
static void add_in_regions(void *arg, int index)
{
    struct tally *t = arg;
    int rounds = SCALED(REGIONS);

    for (int i = 0; i < rounds; i++) {
        go_blocking_begin();
        go_counter_add(t->counter, 1);
        go_blocking_end();
        for (int k = 0; k < index; k++)
            go_counter_add(t->counter, 1);
    }
    atomic_fetch_add(&t->added, (long long)rounds * (index + 1));
}

TEST(adds_in_blocking_regions_count)
{
    struct tally *t;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    crew_run(6, add_in_regions, t);
    tally_end(t);
}

TEST(processors_that_come_after_the_counter_count)
{
    struct tally *t;

    go_maxprocs(1);
    t = tally_new();
    go_maxprocs(64);
    go_slice(20 * GO_MICROSECOND);
    crew_run(64, add_many, t);
    tally_end(t);
}

TEST(no_add_is_lost_while_processors_come_and_go)
{
    struct tally *t;
    struct crew *c;

    go_maxprocs(4);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    c = crew_start(8, add_many, t);
    for (int i = 0; i < SCALED(200); i++)
        go_maxprocs(1 + i % 4);
    crew_wait(c);
    tally_end(t);
}

static void add_tied(void *arg, int index)
{
    CHECK_EQ(0, go_lock_thread());
    for (int i = 0; i < 10; i++) {
        add_many(arg, index);
        go_yield();
    }
    CHECK_EQ(0, go_unlock_thread());
}

TEST(goroutines_tied_to_their_threads_lose_no_add)
{
    struct tally *t;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    crew_run(4, add_tied, t);
    tally_end(t);
}

/* ---- sums while others add ---- */

TEST(sums_do_not_fall_while_goroutines_add)
{
    struct tally *t;
    struct crew *c;
    int64_t sum, before = 0;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    t = tally_new();
    c = crew_start(4, add_many, t);
    for (int i = 0; i < SCALED(20000); i++) {
        sum = go_counter_sum(t->counter);
        CHECK_BETWEEN(before, INT64_MAX, sum);
        before = sum;
        if (i % 64 == 0)
            go_yield();
    }
    crew_wait(c);
    tally_end(t);
}

struct relay {
    go_counter *counter;
    go_chan *turn;
};

/* What goes round is how much has been added. */
static void add_and_pass_on(void *arg, int index)
{
    struct relay *r = arg;
    int64_t so_far;

    (void)index;
    for (int i = 0; i < SCALED(5000); i++) {
        CHECK_EQ(0, go_recv(r->turn, &so_far));
        CHECK_EQ(so_far, go_counter_sum(r->counter));
        go_counter_add(r->counter, 3);
        so_far += 3;
        CHECK_EQ(0, go_send(r->turn, &so_far));
    }
}

TEST(who_was_told_of_an_add_finds_it_in_the_sum)
{
    struct relay *r = test_alloc(sizeof *r);
    int64_t nought = 0;

    go_maxprocs(2);
    r->counter = go_counter_new();
    r->turn = test_chan(sizeof(int64_t), 1);
    CHECK_EQ(0, go_send(r->turn, &nought));
    crew_run(4, add_and_pass_on, r);
    go_counter_free(r->counter);
}

/* ---- handlers of the program's ---- */

/* On the stack of the goroutine that it interrupts; so long that it is preempted itself. */
static void linger(int number)
{
    (void)number;
    hog_for(50 * GO_MICROSECOND);
}

struct sender {
    atomic_bool stop;
    pthread_t thread;
};

static void *send_signals(void *arg)
{
    struct sender *s = arg;

    while (!atomic_load(&s->stop)) {
        kill(getpid(), SIGUSR1);
        usleep(200);
    }
    return NULL;
}

/* kill() does not wait for who handles the signal, and the default would end the program. To ignore a signal throws away what was
 * sent. */
static void give_back(int number, const struct sigaction *before)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN};

    CHECK_EQ(0, sigaction(number, &ignored, NULL));
    CHECK_EQ(0, sigaction(number, before, NULL));
}

TEST(no_add_is_lost_if_a_handler_that_interrupted_it_is_preempted)
{
    struct sigaction handler = {.sa_handler = linger, .sa_flags = SA_RESTART}, before;
    struct sender s = {.stop = false};
    struct tally *t;

    NEEDS_PREEMPTION();
    t = tally_new();
    CHECK_EQ(0, sigaction(SIGUSR1, &handler, &before));
    CHECK_EQ(0, pthread_create(&s.thread, NULL, send_signals, &s));
    hogs_crowd(add_many, t);
    atomic_store(&s.stop, true);
    CHECK_EQ(0, pthread_join(s.thread, NULL));
    tally_end(t);
    give_back(SIGUSR1, &before);
}
