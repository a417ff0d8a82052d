/* Functions that run after a while, each in a goroutine of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

#define LONG (3600 * GO_SECOND)

struct run {
    atomic_int times;
    _Atomic uint64_t id;
    _Atomic int64_t at;
};

static void note_run(void *arg)
{
    struct run *r = arg;

    atomic_store(&r->id, go_id());
    atomic_store(&r->at, go_now());
    go_yield(); /* it may do what goroutines do */
    atomic_fetch_add(&r->times, 1);
}

TEST(the_function_runs_once_in_a_goroutine_of_its_own)
{
    struct run *r = test_alloc(sizeof *r);
    int64_t due = go_now() + 5 * GO_MILLISECOND;
    go_timer *t = go_after_func(5 * GO_MILLISECOND, note_run, r);

    CHECK_PTR(NULL, go_timer_chan(t));
    EVENTUALLY(atomic_load(&r->times) == 1);
    CHECK(atomic_load(&r->at) >= due);
    CHECK(atomic_load(&r->id) > 1);
    go_sleep(20 * GO_MILLISECOND);
    CHECK_EQ(1, atomic_load(&r->times));
    CHECK_EQ(0, go_timer_stop(t));
    CHECK_EQ(0, go_timer_free(t));
}

TEST(a_function_stopped_in_time_does_not_run)
{
    struct run *r = test_alloc(sizeof *r);
    go_timer *t = go_after_func(LONG, note_run, r);

    CHECK_EQ(1, go_timer_stop(t));
    CHECK_EQ(0, go_timer_stop(t));
    CHECK_EQ(0, go_timer_reset(t, LONG));
    CHECK_EQ(1, go_timer_free(t) == 0);
    t = go_after_func(500 * GO_MILLISECOND, note_run, r); /* a busy system may hold us up before the stop */
    CHECK_EQ(1, go_timer_stop(t));
    go_sleep(600 * GO_MILLISECOND);
    CHECK_EQ(0, atomic_load(&r->times));
    CHECK_EQ(0, go_timer_free(t));
}

TEST(free_stops_the_function)
{
    struct run *r = test_alloc(sizeof *r);

    for (int i = 0; i < 10; i++)
        CHECK_EQ(0, go_timer_free(go_after_func(20 * GO_MILLISECOND, note_run, r)));
    go_sleep(60 * GO_MILLISECOND);
    CHECK_EQ(0, atomic_load(&r->times));
}

TEST(reset_runs_the_function_anew)
{
    struct run *r = test_alloc(sizeof *r);
    go_timer *t = go_after_func(0, note_run, r);

    for (int i = 1; i <= 20; i++) {
        EVENTUALLY(atomic_load(&r->times) == i);
        CHECK_EQ(0, go_timer_reset(t, i % 2 ? 0 : GO_MILLISECOND));
    }
    EVENTUALLY(atomic_load(&r->times) == 21);
    CHECK_EQ(0, go_timer_free(t));
}

TEST(a_duration_of_zero_or_less_runs_the_function_at_once)
{
    struct run *r = test_alloc(sizeof *r);
    go_timer *t[3] = {go_after_func(0, note_run, r), go_after_func(-GO_SECOND, note_run, r), go_after_func(INT64_MIN, note_run, r)};

    EVENTUALLY(atomic_load(&r->times) == 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(0, go_timer_free(t[i]));
}

TEST(a_null_function_is_refused)
{
    CHECK_PTR(NULL, go_after_func(GO_SECOND, NULL, NULL));
}

struct self {
    atomic_int times;
    go_timer *_Atomic t;
    go_chan *end;
};

static void again(void *arg)
{
    struct self *s = arg;
    go_timer *t;

    while (!(t = atomic_load(&s->t)))
        go_yield();
    if (atomic_fetch_add(&s->times, 1) + 1 < 100)
        CHECK_EQ(0, go_timer_reset(t, 10 * GO_MICROSECOND));
    else
        go_send(s->end, NULL);
}

TEST(a_function_may_reset_its_own_timer)
{
    struct self *s = test_alloc(sizeof *s);

    s->end = test_chan(0, 0);
    atomic_store(&s->t, go_after_func(0, again, s));
    CHECK_EQ(0, go_recv(s->end, NULL));
    CHECK_EQ(100, atomic_load(&s->times));
    CHECK_EQ(0, go_timer_free(atomic_load(&s->t)));
}

struct chain {
    atomic_int left;
    go_chan *end;
};

static void start_next(void *arg)
{
    struct chain *c = arg;

    if (atomic_fetch_sub(&c->left, 1) > 1)
        go_spawn(start_next, c);
    else
        go_send(c->end, NULL);
}

TEST(functions_run_while_goroutines_start_each_other)
{
    struct chain *c = test_alloc(sizeof *c);
    struct run *r = test_alloc(sizeof *r);
    go_timer *t[100];

    c->end = test_chan(0, 0);
    atomic_store(&c->left, SCALED(100000));
    for (int i = 0; i < 100; i++)
        t[i] = go_after_func(i * 100 * GO_MICROSECOND, note_run, r);
    go_spawn(start_next, c);
    CHECK_EQ(0, go_recv(c->end, NULL));
    EVENTUALLY(atomic_load(&r->times) == 100);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, go_timer_free(t[i]));
}

struct ball {
    go_chan *there, *back;
    atomic_bool stop;
};

static void play(void *arg, int index)
{
    struct ball *b = arg;

    while (!atomic_load(&b->stop)) {
        if (go_recv(index ? b->there : b->back, NULL) != 0 || go_send(index ? b->back : b->there, NULL) != 0)
            break;
    }
    go_chan_close(b->there);
    go_chan_close(b->back);
}

static void stop_play(void *arg)
{
    atomic_store(&((struct ball *)arg)->stop, true);
}

/* On one processor a pair that wakes each other all the time must let the function run that ends it. */
TEST(a_busy_pair_does_not_starve_a_function)
{
    for (int i = 0; i < 20; i++) {
        struct ball *b = test_alloc(sizeof *b);
        struct crew *c;
        go_timer *t;

        *b = (struct ball){test_chan(0, 0), test_chan(0, 0), false};
        go_maxprocs(1);
        c = crew_start(2, play, b);
        t = go_after_func(GO_MICROSECOND, stop_play, b);
        go_send(b->there, NULL);
        crew_wait(c);
        CHECK(atomic_load(&b->stop));
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(a_hog_does_not_starve_a_function)
{
    struct run *r = test_alloc(sizeof *r);
    struct hogs *h;
    go_timer *t;

    go_maxprocs(1);
    h = hogs_start(2, hog_arithmetic);
    t = go_after_func(GO_MILLISECOND, note_run, r);
    EVENTUALLY(atomic_load(&r->times) == 1);
    CHECK_EQ(0, go_timer_free(t));
    hogs_stop(h);
}

static void count(void *arg)
{
    atomic_fetch_add((atomic_long *)arg, 1);
}

struct storm {
    atomic_long ran, prevented;
};

static void start_many(void *arg, int index)
{
    struct storm *s = arg;

    for (int i = 0; i < SCALED(1000); i++) {
        go_timer *t = go_after_func((i * 7 + index) % 40 * 5 * GO_MICROSECOND, count, &s->ran);

        if (i % 4)
            go_yield();
        if (go_timer_stop(t) == 1)
            atomic_fetch_add(&s->prevented, 1);
        CHECK_EQ(0, go_timer_free(t));
    }
}

TEST(each_function_either_runs_once_or_was_stopped)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct storm *s = test_alloc(sizeof *s);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, start_many, s);
        crew_run(8, start_many, s);
        crew_wait(threads);
        EVENTUALLY(atomic_load(&s->ran) + atomic_load(&s->prevented) == 10 * SCALED(1000));
        go_sleep(GO_MILLISECOND);
        CHECK_EQ(10 * SCALED(1000), atomic_load(&s->ran) + atomic_load(&s->prevented));
    }
}
