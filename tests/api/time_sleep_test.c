/* The clock, sleeping, and deadlines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

TEST(the_clock_never_goes_back_and_is_never_GO_NOW)
{
    int64_t last = go_now();

    CHECK(last > GO_NOW);
    for (int i = 0; i < 100000; i++) {
        int64_t now = go_now();

        if (!CHECK(now >= last))
            return;
        last = now;
    }
}

static void read_clock(void *arg, int index)
{
    _Atomic int64_t *latest = arg;

    (void)index;
    for (int i = 0; i < SCALED(20000); i++) {
        int64_t before = atomic_load(latest), now = go_now();

        if (!CHECK(now >= before))
            return;
        while (before < now && !atomic_compare_exchange_weak(latest, &before, now))
            ;
    }
}

TEST(the_clock_is_the_same_for_all_goroutines_and_threads)
{
    _Atomic int64_t *latest = test_alloc(sizeof *latest);
    struct crew *threads;

    go_maxprocs(2);
    threads = crew_start_threads(2, read_clock, latest);
    crew_run(4, read_clock, latest);
    crew_wait(threads);
}

TEST(the_clock_runs_at_the_rate_of_the_systems)
{
    int64_t ours = go_now(), theirs = test_now();

    go_sleep(200 * GO_MILLISECOND);
    ours = go_now() - ours;
    theirs = test_now() - theirs;
    CHECK_BETWEEN(ours, ours + GO_SECOND, theirs + GO_MILLISECOND);
}

static void sleep_various(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(20); i++) {
        int64_t ns = (1 + (i * 7 + index) % 50) * 100 * GO_MICROSECOND;
        int64_t begin = test_now();

        CHECK_EQ(0, go_sleep(ns));
        CHECK(test_now() - begin >= ns);
        begin = go_now();
        CHECK_EQ(0, go_sleep_until(begin + ns));
        CHECK(go_now() >= begin + ns);
    }
}

TEST(no_sleep_is_too_short)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(3, sleep_various, NULL);
        crew_run(20, sleep_various, NULL);
        crew_wait(threads);
    }
}

TEST(no_sleep_is_too_short_behind_hogs)
{
    struct hogs *h;

    go_maxprocs(2);
    h = hogs_start(4, hog_arithmetic);
    crew_run(4, sleep_various, NULL);
    hogs_stop(h);
}

struct turns {
    atomic_bool stop;
    atomic_long n;
};

static void take_turns(void *arg)
{
    struct turns *t = arg;

    for (; !atomic_load(&t->stop); go_yield())
        atomic_fetch_add(&t->n, 1);
}

TEST(to_sleep_for_zero_or_less_is_to_yield)
{
    static const int64_t durations[] = {0, -1, -GO_SECOND, INT64_MIN};
    struct turns *t = test_alloc(sizeof *t);
    int too_early = 0;

    go_maxprocs(1);
    CHECK_EQ(0, go_spawn(take_turns, t));
    EVENTUALLY(atomic_load(&t->n) > 0);
    for (int i = 0; i < 400; i++) {
        long before = atomic_load(&t->n);

        CHECK_EQ(0, go_sleep(durations[i % 4]));
        too_early += atomic_load(&t->n) == before;
    }
    atomic_store(&t->stop, true);
    CHECK_BETWEEN(0, 40, too_early);
}

TEST(to_sleep_until_a_past_moment_returns)
{
    CHECK_EQ(0, go_sleep_until(go_now() - 1));
    CHECK_EQ(0, go_sleep_until(go_now()));
    CHECK_EQ(0, go_sleep_until(1));
    CHECK_EQ(0, go_sleep_until(GO_NOW));
    CHECK_EQ(0, go_sleep_until(-1));
    CHECK_EQ(0, go_sleep_until(INT64_MIN));
}

static void sleep_zero_often(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(1000); i++)
        go_sleep(0);
}

TEST(sleeps_of_zero_do_not_keep_goroutines_from_starting_and_ending)
{
    struct crew *c;

    go_maxprocs(4);
    c = crew_start(2, sleep_zero_often, NULL);
    for (int i = 0; i < 10; i++)
        crew_run(10, sleep_zero_often, NULL);
    crew_wait(c);
    CHECK(true);
}

static void sleep_very_long(void *arg)
{
    static const int64_t durations[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, INT64_MAX - 1000000000};
    atomic_int *woken = arg;

    static atomic_int next;
    int mine = atomic_fetch_add(&next, 1);

    if (mine % 2)
        go_sleep(durations[mine / 2 % 4]);
    else
        go_sleep_until(durations[mine / 2 % 4]);
    atomic_fetch_add(woken, 1);
}

TEST(a_huge_sleep_does_not_end_at_once)
{
    atomic_int *woken = test_alloc(sizeof *woken);

    for (int i = 0; i < 8; i++)
        CHECK_EQ(0, go_spawn(sleep_very_long, woken));
    go_sleep(200 * GO_MILLISECOND);
    CHECK_EQ(0, atomic_load(woken));
    test_abandon(8);
}

TEST(a_huge_sleep_does_not_delay_others)
{
    int64_t begin = test_now();

    for (int i = 0; i < 10; i++)
        go_sleep(GO_MILLISECOND);
    CHECK_BETWEEN(10 * GO_MILLISECOND, 5 * GO_SECOND, test_now() - begin);
}

TEST(deadline_is_now_plus_the_duration)
{
    for (int64_t ns = 0; ns < 100 * GO_SECOND; ns = ns * 3 + 1) {
        int64_t before = go_now(), deadline = go_deadline(ns), after = go_now();

        CHECK_BETWEEN(before + ns, after + ns, deadline);
    }
}

TEST(deadline_does_not_overflow)
{
    CHECK_EQ(GO_FOREVER, go_deadline(INT64_MAX));
    CHECK_EQ(GO_FOREVER, go_deadline(INT64_MAX - 1));
    CHECK_EQ(GO_FOREVER, go_deadline(INT64_MAX - go_now() + GO_SECOND));
    CHECK(go_deadline(INT64_MAX - go_now() - 100 * GO_SECOND) != GO_FOREVER);
    CHECK(go_deadline(INT64_MAX / 2) > go_now());
}

TEST(a_negative_duration_gives_a_past_deadline_but_never_GO_NOW)
{
    int64_t durations[] = {-1, -GO_SECOND, -go_now(), -go_now() - 1, -2 * go_now(), INT64_MIN, INT64_MIN + 1};

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int64_t deadline = go_deadline(durations[i]);

        CHECK(deadline < go_now());
        CHECK(deadline != GO_NOW);
    }
    for (int64_t near = go_now(), i = -1000; i < 1000; i++)
        CHECK(go_deadline(-near - i) != GO_NOW);
}

struct sleepers {
    int64_t begin;
    atomic_int awake, too_early;
};

static void sleep_20_ms(void *arg, int index)
{
    struct sleepers *s = arg;
    int64_t begin = test_now();

    (void)index;
    go_sleep(20 * GO_MILLISECOND);
    if (test_now() - begin < 20 * GO_MILLISECOND)
        atomic_fetch_add(&s->too_early, 1);
    atomic_fetch_add(&s->awake, 1);
}

TEST(a_thousand_sleepers_all_wake_up)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct sleepers *s = test_alloc(sizeof *s);
        int64_t begin = test_now();

        go_maxprocs(procs);
        crew_run(1000, sleep_20_ms, s);
        CHECK_EQ(1000, atomic_load(&s->awake));
        CHECK_EQ(0, atomic_load(&s->too_early));
        CHECK_BETWEEN(20 * GO_MILLISECOND, 10 * GO_SECOND, test_now() - begin);
    }
}

struct order {
    atomic_int next;
    int64_t woken[100];
    int64_t deadline[100];
};

static void sleep_in_reverse(void *arg, int index)
{
    struct order *o = arg;

    o->deadline[index] = go_deadline((200 - index) * GO_MILLISECOND / 2);
    go_sleep_until(o->deadline[index]);
    o->woken[index] = go_now();
}

/* A later sleeper with an earlier deadline moves the alarm forward. */
TEST(who_sleeps_shorter_wakes_earlier_though_it_came_later)
{
    for (int procs = 1; procs <= 4; procs *= 4) {
        struct order *o = test_alloc(sizeof *o);

        go_maxprocs(procs);
        crew_run(100, sleep_in_reverse, o);
        for (int i = 0; i < 100; i++)
            CHECK_BETWEEN(o->deadline[i], o->deadline[i] + 5 * GO_SECOND, o->woken[i]);
    }
}

static void sleep_for_an_hour(void *arg)
{
    (void)arg;
    go_sleep(3600 * GO_SECOND);
}

TEST(a_short_sleep_ends_though_a_long_one_was_first)
{
    int64_t begin;

    CHECK_EQ(0, go_spawn(sleep_for_an_hour, NULL));
    test_settle();
    begin = test_now();
    go_sleep(20 * GO_MILLISECOND);
    CHECK_BETWEEN(20 * GO_MILLISECOND, 10 * GO_SECOND, test_now() - begin);
    test_abandon(1);
}

struct ball {
    go_chan *there, *back;
    atomic_bool stop;
};

static void play(void *arg, int index)
{
    struct ball *b = arg;

    while (!atomic_load(&b->stop)) {
        if (go_recv(index ? b->there : b->back, NULL) != 0)
            break;
        if (go_send(index ? b->back : b->there, NULL) != 0)
            break;
    }
    go_chan_close(b->there);
    go_chan_close(b->back);
}

TEST(a_busy_pair_does_not_starve_a_sleeper)
{
    for (int procs = 1; procs <= 2; procs++) {
        struct ball *b = test_alloc(sizeof *b);
        int64_t begin;
        struct crew *c;

        *b = (struct ball){test_chan(0, 0), test_chan(0, 0), false};
        go_maxprocs(procs);
        c = crew_start(2, play, b);
        go_send(b->there, NULL);
        begin = test_now();
        for (int i = 0; i < 10; i++)
            go_sleep(20 * GO_MILLISECOND);
        CHECK_BETWEEN(200 * GO_MILLISECOND, 10 * GO_SECOND, test_now() - begin);
        atomic_store(&b->stop, true);
        crew_wait(c);
    }
}
