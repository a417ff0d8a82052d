/* Conditions: a signal wakes one that waits, a broadcast all, and none is lost or made up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct room {
    go_mutex m;
    go_cond c;
    int waiting, awake;
    bool open;
    int64_t timeouts;
    int order[64];
};

static struct room *new_room(void)
{
    return test_alloc(sizeof(struct room));
}

/* Waits until so many are in go_cond_wait, and returns with the mutex held. */
static void lock_when_waiting(struct room *r, int n)
{
    for (;;) {
        go_mutex_lock(&r->m);
        if (r->waiting == n)
            return;
        go_mutex_unlock(&r->m);
        go_yield();
    }
}

static void wait_once(void *arg, int index)
{
    struct room *r = arg;

    CHECK_EQ(0, go_mutex_lock(&r->m));
    r->waiting++;
    CHECK_EQ(0, go_cond_wait(&r->c, &r->m));
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&r->m, GO_NOW)); /* it holds the mutex again */
    r->waiting--;
    r->order[r->awake++] = index;
    CHECK_EQ(0, go_mutex_unlock(&r->m));
}

static int awake_after_settling(struct room *r)
{
    int awake;

    test_settle();
    go_mutex_lock(&r->m);
    awake = r->awake;
    go_mutex_unlock(&r->m);
    return awake;
}

static void check_one_for_one(struct crew *(*start)(int, crew_fn *, void *))
{
    enum { N = 10 };
    struct room *r = new_room();
    struct crew *c = start(N, wait_once, r);

    lock_when_waiting(r, N);
    go_mutex_unlock(&r->m);
    for (int i = 1; i <= N; i++) {
        CHECK_EQ(0, go_cond_signal(&r->c));
        lock_when_waiting(r, N - i);
        CHECK_EQ(i, r->awake);
        go_mutex_unlock(&r->m);
        CHECK_EQ(i, awake_after_settling(r));
    }
    crew_wait(c);
}

TEST(a_signal_wakes_exactly_one)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        check_one_for_one(crew_start);
        check_one_for_one(crew_start_threads);
    }
}

TEST(a_broadcast_wakes_all)
{
    enum { N = 50 };

    for (int procs = 1; procs <= 4; procs *= 2) {
        struct room *r = new_room();
        struct crew *c, *threads;

        go_maxprocs(procs);
        c = crew_start(N, wait_once, r);
        threads = crew_start_threads(2, wait_once, r);
        lock_when_waiting(r, N + 2);
        CHECK_EQ(0, go_cond_broadcast(&r->c)); /* with the mutex held */
        go_mutex_unlock(&r->m);
        crew_wait(c);
        crew_wait(threads);
        CHECK_EQ(N + 2, r->awake);
    }
}

static void wait_as_number(void *arg, int index)
{
    struct room *r = arg;

    for (;;) { /* in the order of the index */
        CHECK_EQ(0, go_mutex_lock(&r->m));
        if (r->waiting == index)
            break;
        CHECK_EQ(0, go_mutex_unlock(&r->m));
        go_yield();
    }
    r->waiting++;
    CHECK_EQ(0, go_cond_wait(&r->c, &r->m));
    r->order[r->awake++] = index;
    CHECK_EQ(0, go_mutex_unlock(&r->m));
}

TEST(signals_wake_those_first_that_have_waited_longest)
{
    enum { N = 20 };
    struct room *r = new_room();
    struct crew *c;

    go_maxprocs(2);
    c = crew_start(N, wait_as_number, r);
    lock_when_waiting(r, N);
    go_mutex_unlock(&r->m);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(0, go_cond_signal(&r->c));
        while (awake_after_settling(r) <= i)
            ;
        CHECK_EQ(i, r->order[i]);
    }
    crew_wait(c);
}

TEST(a_signal_that_nobody_waits_for_is_forgotten)
{
    struct room *r = new_room();

    CHECK_EQ(0, go_cond_signal(&r->c));
    CHECK_EQ(0, go_cond_broadcast(&r->c));
    CHECK_EQ(0, go_cond_signal(&r->c));
    CHECK_EQ(0, go_mutex_lock(&r->m));
    CHECK_EQ(-ETIMEDOUT, go_cond_wait_until(&r->c, &r->m, go_deadline(10 * GO_MILLISECOND)));
    CHECK_EQ(0, go_mutex_unlock(&r->m));
}

TEST(the_wait_gives_the_mutex_back_and_takes_it_again_also_after_a_deadline)
{
    struct room *r = new_room();
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(0, go_mutex_lock(&r->m));
    CHECK_EQ(-ETIMEDOUT, go_cond_wait_until(&r->c, &r->m, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&r->m, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_cond_wait_until(&r->c, &r->m, 1));
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&r->m, GO_NOW));
    CHECK_EQ(-EAGAIN, go_cond_wait_until(&r->c, &r->m, GO_NOW));
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&r->m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&r->m));
    CHECK_EQ(0, go_mutex_lock_until(&r->m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&r->m));
}

struct generations {
    struct room r;
    int generation;
    atomic_bool stop;
    atomic_int ended;
};

enum { GENERATIONS = 100 };

/* Member i waits for its generation; each wake-up must belong to the one that comes. */
static void wait_for_generation(void *arg, int index)
{
    struct generations *g = arg;

    CHECK_EQ(0, go_mutex_lock(&g->r.m));
    g->r.waiting++;
    CHECK_EQ(0, go_cond_wait(&g->r.c, &g->r.m));
    CHECK_EQ(index, g->generation);
    g->generation++;
    CHECK_EQ(0, go_mutex_unlock(&g->r.m));
    atomic_fetch_add(&g->ended, 1);
}

struct one_of_many {
    struct generations *g;
    int index;
};

static void wait_for_mine(void *arg)
{
    struct one_of_many *o = arg;

    wait_for_generation(o->g, o->index);
}

TEST(generations_of_waiters_are_woken_in_the_order_they_came)
{
    struct generations *g = test_alloc(sizeof *g);
    struct one_of_many *o = test_alloc(GENERATIONS * sizeof *o);

    for (int i = 0; i < GENERATIONS; i++) {
        o[i] = (struct one_of_many){g, i};
        CHECK_EQ(0, go_spawn(wait_for_mine, &o[i]));
        if (i > 0) { /* a waiter newer than the one that is signalled must not take its place */
            CHECK_EQ(0, go_cond_signal(&g->r.c));
            EVENTUALLY(atomic_load(&g->ended) == i);
        }
        lock_when_waiting(&g->r, i + 1);
        go_mutex_unlock(&g->r.m);
    }
    CHECK_EQ(0, go_cond_signal(&g->r.c));
    EVENTUALLY(atomic_load(&g->ended) == GENERATIONS);
}

struct thief {
    struct room r;
    go_chan *woken;
};

static void wait_and_tell(void *arg)
{
    struct thief *t = arg;

    go_mutex_lock(&t->r.m);
    t->r.waiting++;
    go_cond_wait(&t->r.c, &t->r.m);
    go_mutex_unlock(&t->r.m);
    go_send(t->woken, NULL);
}

static void signal_once(void *arg)
{
    struct thief *t = arg;

    go_mutex_lock(&t->r.m);
    go_cond_signal(&t->r.c);
    go_mutex_unlock(&t->r.m);
}

static void wait_for_open(void *arg)
{
    struct thief *t = arg;

    go_mutex_lock(&t->r.m);
    while (!t->r.open)
        go_cond_wait(&t->r.c, &t->r.m);
    go_mutex_unlock(&t->r.m);
    go_send(t->woken, NULL);
}

/* One waits; then a signal and another waiter start at the same time: the signal is for the first. */
TEST(a_later_waiter_does_not_steal_the_signal_of_an_earlier_one_1000_times)
{
    for (int i = 0; i < SCALED(1000); i++) {
        struct thief *t = test_alloc(sizeof *t);

        t->woken = test_chan(0, 2);
        go_spawn(wait_and_tell, t);
        lock_when_waiting(&t->r, 1);
        go_mutex_unlock(&t->r.m);
        go_spawn(signal_once, t);
        go_spawn(wait_for_open, t);
        if (!CHECK_EQ(0, go_recv_until(t->woken, NULL, go_deadline(20 * GO_SECOND))))
            return;
        for (bool out = false; !out;) { /* let the second one out; it may not be waiting yet */
            go_mutex_lock(&t->r.m);
            t->r.open = true;
            go_mutex_unlock(&t->r.m);
            go_cond_broadcast(&t->r.c);
            out = go_recv_until(t->woken, NULL, go_deadline(GO_MILLISECOND)) == 0;
        }
    }
}

struct store {
    go_mutex m;
    go_cond not_empty, not_full;
    int items, made, used, total;
};

enum { ROOM = 3 };

static void produce(void *arg, int index)
{
    struct store *s = arg;

    (void)index;
    for (bool more = true; more;) {
        CHECK_EQ(0, go_mutex_lock(&s->m));
        while (s->items == ROOM)
            CHECK_EQ(0, go_cond_wait(&s->not_full, &s->m));
        more = s->made < s->total;
        if (more) {
            s->made++;
            CHECK(++s->items <= ROOM);
        }
        CHECK_EQ(0, go_cond_signal(more ? &s->not_empty : &s->not_full));
        CHECK_EQ(0, go_mutex_unlock(&s->m));
    }
}

static void consume(void *arg, int index)
{
    struct store *s = arg;

    for (bool more = true; more;) {
        CHECK_EQ(0, go_mutex_lock(&s->m));
        while (s->items == 0 && s->used < s->total) {
            int got = index % 2 ? go_cond_wait(&s->not_empty, &s->m)
                                : go_cond_wait_until(&s->not_empty, &s->m, go_deadline(100 * GO_MICROSECOND));
            CHECK(got == 0 || (index % 2 == 0 && got == -ETIMEDOUT));
        }
        more = s->used < s->total;
        if (more) {
            s->used++;
            CHECK(--s->items >= 0);
            CHECK_EQ(0, go_cond_signal(&s->not_full));
        }
        if (s->used == s->total)
            CHECK_EQ(0, go_cond_broadcast(&s->not_empty));
        CHECK_EQ(0, go_mutex_unlock(&s->m));
    }
}

/* Each item has one signal: were a timed-out waiter to eat one, an untimed one would sleep for ever. */
TEST(producers_and_consumers_with_and_without_deadlines_never_miss_a_signal)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct store *s = test_alloc(sizeof *s);
        struct crew *crews[4];

        go_maxprocs(procs);
        s->total = SCALED(5000);
        crews[0] = crew_start(4, produce, s);
        crews[1] = crew_start(6, consume, s);
        crews[2] = crew_start_threads(1, produce, s);
        crews[3] = crew_start_threads(2, consume, s);
        for (int i = 0; i < 4; i++)
            crew_wait(crews[i]);
        CHECK_EQ(s->total, s->made);
        CHECK_EQ(s->total, s->used);
        CHECK_EQ(0, s->items);
    }
}

struct conserved {
    go_mutex m;
    go_cond c;
    int patient; /* untimed waiters that wait */
    int signals, woken, timed_out;
    bool stop;
};

enum { PATIENT = 2, HASTY = 6 };

static void wait_with_deadlines(void *arg, int index)
{
    struct conserved *k = arg;

    CHECK_EQ(0, go_mutex_lock(&k->m));
    for (int i = 0; !k->stop; i++) {
        int64_t deadline = go_deadline((1 + (i + index) % 20) * 2 * GO_MICROSECOND);
        int got = go_cond_wait_until(&k->c, &k->m, deadline);

        if (got == 0 && !k->stop)
            k->woken++;
        if (got != 0 && CHECK_EQ(-ETIMEDOUT, got))
            k->timed_out++;
    }
    CHECK_EQ(0, go_mutex_unlock(&k->m));
}

static void wait_patiently(void *arg, int index)
{
    struct conserved *k = arg;

    (void)index;
    CHECK_EQ(0, go_mutex_lock(&k->m));
    while (!k->stop) {
        k->patient++;
        CHECK_EQ(0, go_cond_wait(&k->c, &k->m));
        k->patient--;
        if (!k->stop)
            k->woken++;
    }
    CHECK_EQ(0, go_mutex_unlock(&k->m));
}

/* Sends a signal while it is certain that somebody waits, once all earlier signals have woken one each. */
static bool send_signal(struct conserved *k)
{
    int64_t end = test_now() + 30 * GO_SECOND;

    while (test_now() < end) {
        bool ready;

        go_mutex_lock(&k->m);
        ready = k->woken == k->signals && k->patient == PATIENT;
        if (ready) {
            k->signals++;
            CHECK_EQ(0, go_cond_signal(&k->c));
        }
        CHECK(k->woken <= k->signals);
        go_mutex_unlock(&k->m);
        if (ready)
            return true;
        go_yield();
    }
    return CHECK(!"a signal woke nobody");
}

TEST(every_signal_wakes_exactly_one_while_deadlines_pass)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct conserved *k = test_alloc(sizeof *k);
        struct crew *hasty, *patient;

        go_maxprocs(procs);
        hasty = crew_start(HASTY, wait_with_deadlines, k);
        patient = crew_start(PATIENT, wait_patiently, k);
        for (int i = 0; i < SCALED(2000) && send_signal(k); i++)
            for (int64_t end = test_now() + i % 40 * GO_MICROSECOND; test_now() < end;)
                go_yield(); /* some deadlines pass, and some at the moment of the signal */
        go_mutex_lock(&k->m);
        k->stop = true;
        CHECK_EQ(0, go_cond_broadcast(&k->c));
        go_mutex_unlock(&k->m);
        crew_wait(hasty);
        crew_wait(patient);
        CHECK(k->timed_out > 0);
    }
}

TEST(null_is_refused)
{
    go_cond c = {0};
    go_mutex m = {0};

    CHECK_EQ(-EINVAL, go_cond_wait(NULL, &m));
    CHECK_EQ(-EINVAL, go_cond_wait(&c, NULL));
    CHECK_EQ(-EINVAL, go_cond_wait_until(NULL, &m, GO_NOW));
    CHECK_EQ(-EINVAL, go_cond_wait_until(&c, NULL, GO_FOREVER));
    CHECK_EQ(-EINVAL, go_cond_signal(NULL));
    CHECK_EQ(-EINVAL, go_cond_broadcast(NULL));
    CHECK_EQ(0, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&m));
}
