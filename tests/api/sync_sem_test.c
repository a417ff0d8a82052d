/* Semaphores: permits are neither lost nor made up, and are given in the order of asking.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct pool {
    go_sem s;
    int size;
    atomic_int used, most;
    atomic_long taken, timeouts;
};

static void use(struct pool *p, int n)
{
    int used = atomic_fetch_add(&p->used, n) + n;

    CHECK(used <= p->size);
    if (used > atomic_load(&p->most))
        atomic_store(&p->most, used);
    atomic_fetch_add(&p->taken, 1);
    if (used % 4 == 0)
        go_yield();
    atomic_fetch_sub(&p->used, n);
}

static void take_some(void *arg, int index)
{
    struct pool *p = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        int n = 1 + (i + index) % 3;

        CHECK_EQ(0, go_sem_acquire(&p->s, n));
        use(p, n);
        CHECK_EQ(0, go_sem_release(&p->s, n));
    }
}

TEST(no_more_permits_are_out_than_there_are)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct pool *p = test_alloc(sizeof *p);
        struct crew *threads;

        p->size = 5;
        go_maxprocs(procs);
        CHECK_EQ(0, go_sem_release(&p->s, p->size));
        threads = crew_start_threads(3, take_some, p);
        crew_run(10, take_some, p);
        crew_wait(threads);
        CHECK_EQ(13 * SCALED(2000), atomic_load(&p->taken));
        CHECK_EQ(0, go_sem_acquire_until(&p->s, 5, GO_NOW));
        CHECK_EQ(-EAGAIN, go_sem_acquire_until(&p->s, 1, GO_NOW));
    }
}

static void take_with_deadline(void *arg, int index)
{
    struct pool *p = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        int n = 1 + (i + index) % 3;
        int got = go_sem_acquire_until(&p->s, n, i % 5 ? go_deadline((i * 7 + index) % 50 * GO_MICROSECOND) : GO_NOW);

        if (got == 0) {
            use(p, n);
            CHECK_EQ(0, go_sem_release(&p->s, n));
        } else {
            CHECK(got == -EAGAIN || got == -ETIMEDOUT);
            atomic_fetch_add(&p->timeouts, 1);
        }
    }
}

TEST(waits_that_end_by_their_deadlines_neither_lose_nor_make_up_permits)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct pool *p = test_alloc(sizeof *p);
        struct crew *others, *threads;

        p->size = 4;
        go_maxprocs(procs);
        CHECK_EQ(0, go_sem_release(&p->s, p->size));
        threads = crew_start_threads(2, take_with_deadline, p);
        others = crew_start(3, take_some, p); /* without deadlines: they must not starve */
        crew_run(8, take_with_deadline, p);
        crew_wait(others);
        crew_wait(threads);
        CHECK_EQ(13 * SCALED(2000), atomic_load(&p->taken) + atomic_load(&p->timeouts));
        CHECK_EQ(0, go_sem_acquire_until(&p->s, 4, GO_NOW));
        CHECK_EQ(-EAGAIN, go_sem_acquire_until(&p->s, 1, GO_NOW));
    }
}

TEST(a_semaphore_of_zero_bytes_has_no_permit)
{
    go_sem s = {0};

    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s, 1, GO_NOW));
    CHECK_EQ(0, go_sem_release(&s, 3));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s, 4, GO_NOW));
    CHECK_EQ(0, go_sem_acquire(&s, 2));
    CHECK_EQ(0, go_sem_acquire_until(&s, 1, GO_FOREVER));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s, 1, GO_NOW));
}

struct queue {
    go_sem s;
    int wants[10];
    atomic_int asked;
    atomic_int served, order[10];
};

static void ask(void *arg)
{
    struct queue *q = arg;
    int mine = atomic_fetch_add(&q->asked, 1);

    CHECK_EQ(0, go_sem_acquire(&q->s, q->wants[mine]));
    atomic_store(&q->order[atomic_fetch_add(&q->served, 1)], mine);
}

/* They ask one after the other; permits come one by one, and each asker is served as soon as there are enough for it. */
static void check_order(const int *wants, int n)
{
    struct queue *q = test_alloc(sizeof *q);

    memcpy(q->wants, wants, (size_t)n * sizeof *wants);
    for (int i = 0; i < n; i++)
        test_start_until_blocked(ask, q);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < wants[i]; k++) {
            CHECK_EQ(i, atomic_load(&q->served));
            CHECK_EQ(0, go_sem_release(&q->s, 1));
        }
        EVENTUALLY(atomic_load(&q->served) == i + 1);
        CHECK_EQ(i, atomic_load(&q->order[i]));
    }
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&q->s, 1, GO_NOW));
}

TEST(permits_are_given_in_the_order_of_asking)
{
    check_order((const int[]){1, 1, 1, 1, 1}, 5);
    check_order((const int[]){3, 1, 2}, 3); /* the first does not let the smaller ones pass */
    check_order((const int[]){1, 10, 1, 5, 1, 1, 2, 2, 7, 1}, 10);
}

static void take_two(void *arg)
{
    struct queue *q = arg;

    CHECK_EQ(0, go_sem_acquire(&q->s, 2));
    atomic_fetch_add(&q->served, 1);
}

TEST(who_asks_for_few_does_not_pass_who_asked_for_many_before)
{
    struct queue *q = test_alloc(sizeof *q);

    test_start_until_blocked(take_two, q);
    CHECK_EQ(0, go_sem_release(&q->s, 1));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&q->s, 1, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_sem_acquire_until(&q->s, 1, go_deadline(5 * GO_MILLISECOND)));
    CHECK_EQ(0, go_sem_release(&q->s, 1));
    EVENTUALLY(atomic_load(&q->served) == 1);
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&q->s, 1, GO_NOW));
}

static void give_up(void *arg, int index)
{
    struct queue *q = arg;

    (void)index;
    CHECK_EQ(-ETIMEDOUT, go_sem_acquire_until(&q->s, 100, go_deadline(50 * GO_MILLISECOND)));
}

static void take_one(void *arg, int index)
{
    struct queue *q = arg;

    (void)index;
    CHECK_EQ(0, go_sem_acquire(&q->s, 1));
    atomic_fetch_add(&q->served, 1);
}

TEST(when_the_first_in_the_queue_gives_up_those_behind_it_get_what_is_there)
{
    struct queue *q = test_alloc(sizeof *q);
    struct crew *first, *others;

    CHECK_EQ(0, go_sem_release(&q->s, 5));
    first = crew_start(1, give_up, q);
    test_settle();
    others = crew_start(5, take_one, q);
    crew_wait(first);
    crew_wait(others);
    CHECK_EQ(5, atomic_load(&q->served));
}

TEST(one_release_serves_as_many_as_it_can)
{
    struct queue *q = test_alloc(sizeof *q);
    struct crew *c = crew_start(10, take_one, q);

    test_settle();
    CHECK_EQ(0, go_sem_release(&q->s, 10));
    crew_wait(c);
    CHECK_EQ(10, atomic_load(&q->served));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&q->s, 1, GO_NOW));
}

TEST(a_deadline_ends_the_wait_and_not_too_early)
{
    go_sem s = {0};
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(-ETIMEDOUT, go_sem_acquire_until(&s, 1, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_sem_acquire_until(&s, 1, 1));
    CHECK_EQ(-ETIMEDOUT, go_sem_acquire_until(&s, 1, -1));
    CHECK_EQ(0, go_sem_release(&s, 1));
    CHECK_EQ(0, go_sem_acquire_until(&s, 1, go_deadline(GO_SECOND)));
}

TEST(permits_that_would_pass_the_limit_are_refused)
{
    go_sem s = {0};

    CHECK_EQ(0, go_sem_release(&s, INT32_MAX));
    CHECK_EQ(-EOVERFLOW, go_sem_release(&s, 1));
    CHECK_EQ(-EOVERFLOW, go_sem_release(&s, INT32_MAX));
    CHECK_EQ(0, go_sem_acquire(&s, INT32_MAX));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s, 1, GO_NOW));
    CHECK_EQ(0, go_sem_release(&s, 1));
    CHECK_EQ(-EOVERFLOW, go_sem_release(&s, INT32_MAX));
    CHECK_EQ(0, go_sem_acquire(&s, 1));
}

TEST(null_and_numbers_below_one_are_refused)
{
    static const int wrong[] = {0, -1, INT32_MIN};
    go_sem s = {0};

    CHECK_EQ(-EINVAL, go_sem_release(NULL, 1));
    CHECK_EQ(-EINVAL, go_sem_acquire(NULL, 1));
    CHECK_EQ(-EINVAL, go_sem_acquire_until(NULL, 1, GO_NOW));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(-EINVAL, go_sem_release(&s, wrong[i]));
        CHECK_EQ(-EINVAL, go_sem_acquire(&s, wrong[i]));
        CHECK_EQ(-EINVAL, go_sem_acquire_until(&s, wrong[i], GO_NOW));
    }
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s, 1, GO_NOW));
}

struct handoff {
    go_sem s, back;
    atomic_int left;
};

static void bounce(void *arg, int index)
{
    struct handoff *h = arg;

    for (int i = 0; i < SCALED(5000); i++) {
        CHECK_EQ(0, go_sem_acquire(index ? &h->s : &h->back, 1));
        atomic_fetch_sub(&h->left, 1);
        CHECK_EQ(0, go_sem_release(index ? &h->back : &h->s, 1));
    }
}

TEST(two_hand_a_permit_back_and_forth)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct handoff *h = test_alloc(sizeof *h);
        struct crew *c;

        go_maxprocs(procs);
        atomic_store(&h->left, 2 * SCALED(5000));
        c = crew_start(2, bounce, h);
        CHECK_EQ(0, go_sem_release(&h->s, 1));
        crew_wait(c);
        CHECK_EQ(0, atomic_load(&h->left));
    }
}
