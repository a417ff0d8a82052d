/* Storms of calls that block and that nobody announced: never do two run on one processor, and all come to an end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include "hogs.h"
#include "goroutine/counter.h"

enum { STORMERS = 64, ROUNDS = 300, LOCKS = 3, PROCESSORS = 2 };

struct storm {
    go_counter *adds; /* a lost add: two were on one processor */
    pthread_mutex_t locks[LOCKS];
    long under[LOCKS]; /* under the lock of that number */
    go_chan *turns;
    go_mutex mutex;
    long under_mutex;
    atomic_long made;
};

static void sleep_shortly(struct storm *s, int round)
{
    (void)s;
    if (usleep((unsigned)round % 7 * 30) != 0) /* calls_interrupted.c says how often */
        CHECK_EQ(EINTR, errno);
}

/* Held over a call of the system and over preemptions. */
static void lock_and_sleep(struct storm *s, int round)
{
    int i = round % LOCKS;

    pthread_mutex_lock(&s->locks[i]);
    s->under[i]++;
    if (round % 5 == 0)
        usleep(20);
    else
        hog_for(5000);
    pthread_mutex_unlock(&s->locks[i]);
}

static void pass_a_turn(struct storm *s, int round)
{
    int turn;

    if (round % 2) {
        CHECK_EQ(0, go_recv(s->turns, &turn));
        CHECK_EQ(0, go_send(s->turns, &turn));
    } else {
        go_yield();
    }
}

static void lock_and_yield(struct storm *s, int round)
{
    go_mutex_lock(&s->mutex);
    s->under_mutex++;
    if (round % 4 == 0)
        usleep(10);
    go_mutex_unlock(&s->mutex);
}

static void in_region(struct storm *s, int round)
{
    (void)s;
    go_blocking_begin();
    poll(NULL, 0, round % 2);
    go_blocking_end();
}

static void add_often(struct storm *s, int round)
{
    for (int i = 0; i < 200; i++)
        go_counter_add(s->adds, 1);
    (void)round;
}

static void (*const deeds[])(struct storm *s, int round) = {sleep_shortly,  add_often, lock_and_sleep, add_often,
                                                            lock_and_yield, add_often, pass_a_turn,    in_region};
enum { DEEDS = sizeof deeds / sizeof deeds[0] };

static void storm(void *arg, int index)
{
    struct storm *s = arg;

    for (int round = 0; round < SCALED(ROUNDS) * DEEDS; round++) {
        deeds[(round + index) % DEEDS](s, round / DEEDS);
        atomic_fetch_add(&s->made, 1);
    }
}

static void check_storm(int64_t slice)
{
    struct storm *s = test_alloc(sizeof *s);
    long rounds = (long)SCALED(ROUNDS) * STORMERS, under = 0;
    struct go_stats before = {0}, after = {0};

    go_maxprocs(PROCESSORS);
    go_slice(slice);
    s->adds = go_counter_new();
    s->turns = test_chan(sizeof(int), 3);
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&s->locks[i], NULL);
        CHECK_EQ(0, go_send(s->turns, &i));
    }
    go_stats_read(&before, sizeof before);
    crew_wait(crew_start(STORMERS, storm, s));
    go_stats_read(&after, sizeof after);
    for (int i = 0; i < LOCKS; i++)
        under += s->under[i];
    CHECK_EQ(rounds, under);
    CHECK_EQ(rounds, s->under_mutex);
    CHECK_EQ(rounds * DEEDS, atomic_load(&s->made));
    CHECK_EQ(rounds * 3 * 200, go_counter_sum(s->adds));
    test_note("%llu processors taken from calls, %llu from regions, %llu preemptions, %llu threads",
              (unsigned long long)(after.processors_retaken - before.processors_retaken),
              (unsigned long long)(after.handovers - before.handovers),
              (unsigned long long)(after.preemptions - before.preemptions), (unsigned long long)after.threads);
    go_counter_free(s->adds);
}

TEST(a_storm_of_calls_at_the_shortest_slices_ends_and_loses_nothing)
{
    check_storm(20 * GO_MICROSECOND);
}

TEST(a_storm_of_calls_at_ordinary_slices_ends_and_loses_nothing)
{
    check_storm(GO_MILLISECOND);
}
