/* Mutexes: one at a time, nobody starves, and a deadline that passes takes nothing along.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "hogs.h"

enum { CREW = 10 };

struct shared {
    go_mutex m;
    long count;
    atomic_int inside;
    atomic_bool stop;
    atomic_long tries, timeouts;
};

static void add_under_lock(struct shared *s)
{
    CHECK_EQ(0, atomic_fetch_add(&s->inside, 1));
    s->count++;
    CHECK_EQ(1, atomic_fetch_sub(&s->inside, 1));
}

static void hammer(void *arg, int index)
{
    struct shared *s = arg;

    for (int i = 0; i < SCALED(5000); i++) {
        CHECK_EQ(0, go_mutex_lock(&s->m));
        add_under_lock(s);
        if ((i + index) % 64 == 0)
            go_yield();
        CHECK_EQ(0, go_mutex_unlock(&s->m));
    }
}

TEST(only_one_goroutine_holds_a_mutex)
{
    for (int procs = 1; procs <= 8; procs *= 2) {
        struct shared *s = test_alloc(sizeof *s);

        go_maxprocs(procs);
        crew_run(CREW, hammer, s);
        CHECK_EQ(CREW * SCALED(5000), s->count);
    }
}

TEST(only_one_goroutine_or_thread_holds_a_mutex)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct shared *s = test_alloc(sizeof *s);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(4, hammer, s);
        crew_run(CREW, hammer, s);
        crew_wait(threads);
        CHECK_EQ((CREW + 4) * SCALED(5000), s->count);
    }
}

TEST(only_one_plain_thread_holds_a_mutex)
{
    struct shared *s = test_alloc(sizeof *s);

    crew_wait(crew_start_threads(CREW, hammer, s));
    CHECK_EQ(CREW * SCALED(5000), s->count);
}

static void hold_long(void *arg, int index)
{
    struct shared *s = arg;

    (void)index;
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(0, go_mutex_lock(&s->m));
        CHECK_EQ(0, atomic_fetch_add(&s->inside, 1));
        hog_for(3 * GO_MILLISECOND); /* preempted while it holds it */
        CHECK_EQ(1, atomic_fetch_sub(&s->inside, 1));
        CHECK_EQ(0, go_mutex_unlock(&s->m));
        atomic_fetch_add(&s->tries, 1);
    }
}

TEST(a_holder_that_is_preempted_comes_back)
{
    for (int procs = 1; procs <= 2; procs++) {
        struct shared *s = test_alloc(sizeof *s);
        struct hogs *h;

        go_maxprocs(procs);
        h = hogs_start(2, hog_arithmetic);
        crew_run(4, hold_long, s);
        CHECK_EQ(20, atomic_load(&s->tries));
        hogs_stop(h);
    }
}

static void relock_at_once(void *arg, int index)
{
    struct shared *s = arg;

    (void)index;
    while (!atomic_load(&s->stop)) {
        go_mutex_lock(&s->m);
        hog_for(100 * GO_MICROSECOND);
        go_mutex_unlock(&s->m);
    }
}

static void check_hog_does_not_starve(int procs, struct crew *(*start)(int, crew_fn *, void *))
{
    struct shared *s = test_alloc(sizeof *s);
    int64_t begin = test_now();
    struct crew *c;

    go_maxprocs(procs);
    go_preempt_off(); /* nor by itself: where nothing is preempted that one never goes */
    c = start(1, relock_at_once, s);
    go_preempt_on();
    for (int i = 0; i < 10; i++) {
        hog_for(100 * GO_MICROSECOND);
        CHECK_EQ(0, go_mutex_lock(&s->m));
        CHECK_EQ(0, go_mutex_unlock(&s->m));
    }
    CHECK_BETWEEN(0, 10 * GO_SECOND, test_now() - begin);
    atomic_store(&s->stop, true);
    crew_wait(c);
}

TEST(who_relocks_at_once_does_not_starve_another)
{
    check_hog_does_not_starve(1, crew_start);
    check_hog_does_not_starve(2, crew_start);
    check_hog_does_not_starve(2, crew_start_threads);
}

static void unlock(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_mutex_unlock(arg));
}

TEST(a_goroutine_may_unlock_what_another_has_locked)
{
    go_mutex *m = test_alloc(sizeof *m);

    CHECK_EQ(0, go_mutex_lock(m));
    crew_run(1, unlock, m);
    CHECK_EQ(0, go_mutex_lock_until(m, GO_NOW));
    crew_wait(crew_start_threads(1, unlock, m));
    CHECK_EQ(0, go_mutex_lock_until(m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(m));
}

TEST(trying_takes_a_free_mutex_and_refuses_a_held_one)
{
    go_mutex m = {0};

    CHECK_EQ(0, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&m));
    CHECK_EQ(0, go_mutex_lock_until(&m, GO_FOREVER));
    CHECK_EQ(0, go_mutex_unlock(&m));
}

TEST(a_deadline_ends_the_wait_for_a_mutex_and_not_too_early)
{
    go_mutex m = {0};
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);

    CHECK_EQ(0, go_mutex_lock(&m));
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&m, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&m, 1));
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&m, -1));
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&m, INT64_MIN));
    CHECK_EQ(0, go_mutex_unlock(&m));
    CHECK_EQ(0, go_mutex_lock_until(&m, go_deadline(GO_SECOND)));
    CHECK_EQ(0, go_mutex_unlock(&m));
}

TEST(a_free_mutex_is_taken_even_if_the_deadline_has_passed)
{
    go_mutex m = {0};
    int got = go_mutex_lock_until(&m, 1);

    CHECK(got == 0 || got == -ETIMEDOUT); /* either, but said truly */
    CHECK_EQ(got == 0 ? -EAGAIN : 0, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&m));
}

static void lock_with_deadline(void *arg, int index)
{
    struct shared *s = arg;

    for (int i = 0; i < SCALED(3000); i++) {
        int got = go_mutex_lock_until(&s->m, i % 5 ? go_deadline((i * 7 + index) % 50 * GO_MICROSECOND) : GO_NOW);

        atomic_fetch_add(&s->tries, 1);
        if (got == 0) {
            add_under_lock(s);
            if (i % 16 == 0)
                go_yield();
            CHECK_EQ(0, go_mutex_unlock(&s->m));
        } else {
            CHECK(got == -EAGAIN || got == -ETIMEDOUT);
            atomic_fetch_add(&s->timeouts, 1);
        }
    }
}

/* A wait that ends by its deadline just as the mutex is handed to it must not lose the mutex. */
TEST(waits_that_end_by_their_deadlines_neither_lose_nor_double_the_mutex)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct shared *s = test_alloc(sizeof *s);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, lock_with_deadline, s);
        crew_run(CREW, lock_with_deadline, s);
        crew_wait(threads);
        CHECK_EQ(s->count, atomic_load(&s->tries) - atomic_load(&s->timeouts));
        CHECK(s->count > 0);
        CHECK_EQ(0, go_mutex_lock_until(&s->m, GO_NOW));
        CHECK_EQ(0, go_mutex_unlock(&s->m));
    }
}

struct queue {
    go_mutex m;
    atomic_int asked;
    atomic_int order[CREW];
    atomic_int next;
};

static void queue_up(void *arg, int index)
{
    struct queue *q = arg;

    atomic_fetch_add(&q->asked, 1);
    CHECK_EQ(0, go_mutex_lock(&q->m));
    atomic_store(&q->order[atomic_fetch_add(&q->next, 1)], index);
    CHECK_EQ(0, go_mutex_unlock(&q->m));
}

TEST(all_waiters_get_the_mutex_in_the_end)
{
    struct queue *q = test_alloc(sizeof *q);
    bool seen[CREW] = {false};
    struct crew *c;

    CHECK_EQ(0, go_mutex_lock(&q->m));
    c = crew_start(CREW, queue_up, q);
    EVENTUALLY(atomic_load(&q->asked) == CREW);
    test_settle();
    CHECK_EQ(0, atomic_load(&q->next));
    CHECK_EQ(0, go_mutex_unlock(&q->m));
    crew_wait(c);
    for (int i = 0; i < CREW; i++)
        seen[atomic_load(&q->order[i])] = true;
    for (int i = 0; i < CREW; i++)
        CHECK(seen[i]);
}

TEST(null_is_refused)
{
    CHECK_EQ(-EINVAL, go_mutex_lock(NULL));
    CHECK_EQ(-EINVAL, go_mutex_lock_until(NULL, GO_NOW));
    CHECK_EQ(-EINVAL, go_mutex_lock_until(NULL, GO_FOREVER));
    CHECK_EQ(-EINVAL, go_mutex_unlock(NULL));
}

TEST(a_mutex_of_zero_bytes_is_ready_and_needs_no_clean_up)
{
    for (int i = 0; i < 100; i++) {
        go_mutex *m = calloc(1, sizeof *m);

        CHECK_EQ(0, go_mutex_lock(m));
        CHECK_EQ(0, go_mutex_unlock(m));
        free(m);
    }
}

struct short_lived {
    go_mutex m;
    atomic_int left;
};

static void lock_and_free(void *arg, int index)
{
    struct short_lived *s = arg;
    bool last;

    (void)index;
    go_mutex_lock(&s->m);
    last = atomic_fetch_sub(&s->left, 1) == 1;
    go_mutex_unlock(&s->m);
    if (last) {
        memset(s, 0xff, sizeof *s);
        free(s);
    }
}

/* Whoever takes it last may free it at once, even if others have only just left: unlock touches nothing afterwards. Here each waits
 * for the others by the lock itself, as reference counts do. */
TEST(the_last_one_out_may_free_a_mutex)
{
    for (int i = 0; i < SCALED(1000); i++) {
        struct short_lived *s = calloc(1, sizeof *s);

        atomic_store(&s->left, 4);
        crew_run(4, lock_and_free, s);
    }
    CHECK(true);
}
