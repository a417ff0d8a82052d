/* Read-write mutexes: readers together, a writer alone, and writers are not starved.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct book {
    go_rwmutex rw;
    atomic_int readers, writers;
    atomic_int most_readers;
    long pages[2];
    atomic_long reads, writes, timeouts;
};

static void read_page(struct book *b)
{
    int readers = atomic_fetch_add(&b->readers, 1) + 1;

    CHECK_EQ(0, atomic_load(&b->writers));
    CHECK_EQ(b->pages[0], b->pages[1]);
    if (readers > atomic_load(&b->most_readers))
        atomic_store(&b->most_readers, readers);
    atomic_fetch_add(&b->reads, 1);
    atomic_fetch_sub(&b->readers, 1);
}

static void write_page(struct book *b)
{
    CHECK_EQ(0, atomic_fetch_add(&b->writers, 1));
    CHECK_EQ(0, atomic_load(&b->readers));
    b->pages[0]++;
    if (b->pages[0] % 8 == 0)
        go_yield();
    b->pages[1]++;
    atomic_fetch_add(&b->writes, 1);
    CHECK_EQ(1, atomic_fetch_sub(&b->writers, 1));
}

static void be_reader(void *arg, int index)
{
    struct book *b = arg;

    for (int i = 0; i < SCALED(1000); i++) {
        CHECK_EQ(0, go_rwmutex_rlock(&b->rw));
        read_page(b);
        if ((i + index) % 32 == 0)
            go_yield();
        CHECK_EQ(0, go_rwmutex_runlock(&b->rw));
    }
}

static void be_writer(void *arg, int index)
{
    struct book *b = arg;

    (void)index;
    for (int i = 0; i < SCALED(500); i++) {
        CHECK_EQ(0, go_rwmutex_lock(&b->rw));
        write_page(b);
        CHECK_EQ(0, go_rwmutex_unlock(&b->rw));
    }
}

static void check_hammer(int procs, int readers, int writers, int reading_threads, int writing_threads)
{
    struct book *b = test_alloc(sizeof *b);
    struct crew *crews[4];

    go_maxprocs(procs);
    crews[0] = crew_start(readers, be_reader, b);
    crews[1] = crew_start(writers, be_writer, b);
    crews[2] = crew_start_threads(reading_threads, be_reader, b);
    crews[3] = crew_start_threads(writing_threads, be_writer, b);
    for (int i = 0; i < 4; i++)
        crew_wait(crews[i]);
    CHECK_EQ((readers + reading_threads) * SCALED(1000), atomic_load(&b->reads));
    CHECK_EQ((writers + writing_threads) * SCALED(500), atomic_load(&b->writes));
    CHECK_EQ(b->pages[0], atomic_load(&b->writes));
}

TEST(a_writer_is_alone_among_any_number_of_readers_and_writers)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        check_hammer(procs, 1, 1, 0, 0);
        check_hammer(procs, 3, 1, 0, 0);
        check_hammer(procs, 1, 3, 0, 0);
        check_hammer(procs, 10, 2, 0, 0);
        check_hammer(procs, 10, 10, 0, 0);
    }
}

TEST(a_writer_is_alone_among_goroutines_and_plain_threads)
{
    check_hammer(1, 5, 2, 2, 1);
    check_hammer(2, 5, 2, 2, 1);
    check_hammer(2, 0, 0, 4, 2);
}

struct together {
    go_rwmutex rw;
    int n;
    atomic_int inside;
};

static void meet_inside(void *arg, int index)
{
    struct together *t = arg;

    (void)index;
    CHECK_EQ(0, go_rwmutex_rlock(&t->rw));
    atomic_fetch_add(&t->inside, 1);
    EVENTUALLY(atomic_load(&t->inside) >= t->n);
    CHECK_EQ(0, go_rwmutex_runlock(&t->rw));
}

TEST(readers_are_inside_together)
{
    for (int n = 1; n <= 100; n *= 10) {
        struct together *t = test_alloc(sizeof *t);
        struct crew *threads;

        t->n = n + 2;
        threads = crew_start_threads(2, meet_inside, t);
        crew_run(n, meet_inside, t);
        crew_wait(threads);
        CHECK_EQ(n + 2, atomic_load(&t->inside));
    }
}

static void lock_then_unlock(void *arg, int index)
{
    go_rwmutex *rw = arg;

    (void)index;
    CHECK_EQ(0, go_rwmutex_lock(rw));
    CHECK_EQ(0, go_rwmutex_unlock(rw));
}

TEST(a_waiting_writer_keeps_later_readers_out)
{
    go_rwmutex *rw = test_alloc(sizeof *rw);
    struct crew *writer;

    CHECK_EQ(0, go_rwmutex_rlock(rw));
    CHECK_EQ(0, go_rwmutex_rlock_until(rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(rw));
    writer = crew_start(1, lock_then_unlock, rw);
    for (int got = 0; got == 0;) { /* until the writer waits */
        got = go_rwmutex_rlock_until(rw, GO_NOW);
        CHECK(got == 0 || got == -EAGAIN);
        if (got == 0)
            go_rwmutex_runlock(rw);
        go_yield();
    }
    CHECK_EQ(-EAGAIN, go_rwmutex_rlock_until(rw, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_rlock_until(rw, go_deadline(5 * GO_MILLISECOND)));
    CHECK_EQ(0, go_rwmutex_runlock(rw));
    crew_wait(writer);
    CHECK_EQ(0, go_rwmutex_rlock_until(rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(rw));
}

struct relay {
    struct book b;
    atomic_bool stop;
};

static void read_all_the_time(void *arg, int index)
{
    struct relay *r = arg;

    (void)index;
    while (!atomic_load(&r->stop)) {
        CHECK_EQ(0, go_rwmutex_rlock(&r->b.rw));
        hog_for(10 * GO_MICROSECOND);
        CHECK_EQ(0, go_rwmutex_runlock(&r->b.rw));
    }
}

TEST(readers_that_overlap_all_the_time_do_not_starve_a_writer)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct relay *r = test_alloc(sizeof *r);
        int64_t begin = test_now();
        struct crew *c;

        go_maxprocs(procs);
        go_preempt_off(); /* nor by itself: where nothing is preempted they never go */
        c = crew_start(4, read_all_the_time, r);
        go_preempt_on();
        for (int i = 0; i < 10; i++) {
            CHECK_EQ(0, go_rwmutex_lock(&r->b.rw));
            CHECK_EQ(0, go_rwmutex_unlock(&r->b.rw));
        }
        CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
        atomic_store(&r->stop, true);
        crew_wait(c);
    }
}

static void write_all_the_time(void *arg, int index)
{
    struct relay *r = arg;

    (void)index;
    while (!atomic_load(&r->stop)) {
        CHECK_EQ(0, go_rwmutex_lock(&r->b.rw));
        hog_for(10 * GO_MICROSECOND);
        CHECK_EQ(0, go_rwmutex_unlock(&r->b.rw));
    }
}

TEST(writers_that_follow_each_other_do_not_starve_a_reader)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct relay *r = test_alloc(sizeof *r);
        int64_t begin = test_now();
        struct crew *c;

        go_maxprocs(procs);
        go_preempt_off();
        c = crew_start(3, write_all_the_time, r);
        go_preempt_on();
        for (int i = 0; i < 10; i++) {
            CHECK_EQ(0, go_rwmutex_rlock(&r->b.rw));
            CHECK_EQ(0, go_rwmutex_runlock(&r->b.rw));
        }
        CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
        atomic_store(&r->stop, true);
        crew_wait(c);
    }
}

TEST(trying_says_truly_who_is_inside)
{
    go_rwmutex rw = {0};

    CHECK_EQ(0, go_rwmutex_rlock_until(&rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_rlock_until(&rw, GO_NOW));
    CHECK_EQ(-EAGAIN, go_rwmutex_lock_until(&rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(&rw));
    CHECK_EQ(-EAGAIN, go_rwmutex_lock_until(&rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(&rw));
    CHECK_EQ(0, go_rwmutex_lock_until(&rw, GO_NOW));
    CHECK_EQ(-EAGAIN, go_rwmutex_lock_until(&rw, GO_NOW));
    CHECK_EQ(-EAGAIN, go_rwmutex_rlock_until(&rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_unlock(&rw));
    CHECK_EQ(0, go_rwmutex_rlock_until(&rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(&rw));
}

TEST(a_deadline_ends_the_wait_of_a_reader_and_of_a_writer)
{
    go_rwmutex rw = {0};
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(0, go_rwmutex_lock(&rw));
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_rlock_until(&rw, deadline));
    CHECK(go_now() >= deadline);
    deadline = go_deadline(10 * GO_MILLISECOND);
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_lock_until(&rw, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_lock_until(&rw, -5));
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_rlock_until(&rw, 1));
    CHECK_EQ(0, go_rwmutex_unlock(&rw));
    CHECK_EQ(0, go_rwmutex_lock_until(&rw, go_deadline(GO_SECOND)));
    CHECK_EQ(0, go_rwmutex_unlock(&rw));
}

TEST(a_writer_that_gives_up_lets_the_readers_in)
{
    go_rwmutex *rw = test_alloc(sizeof *rw);

    CHECK_EQ(0, go_rwmutex_rlock(rw));
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_lock_until(rw, go_deadline(5 * GO_MILLISECOND)));
    CHECK_EQ(0, go_rwmutex_rlock_until(rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(rw));
    CHECK_EQ(0, go_rwmutex_runlock(rw));
    CHECK_EQ(0, go_rwmutex_lock_until(rw, GO_NOW));
    CHECK_EQ(0, go_rwmutex_unlock(rw));
}

static void give_up_writing(void *arg, int index)
{
    (void)index;
    CHECK_EQ(-ETIMEDOUT, go_rwmutex_lock_until(arg, go_deadline(50 * GO_MILLISECOND)));
}

static void read_once(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_rwmutex_rlock(arg));
    CHECK_EQ(0, go_rwmutex_runlock(arg));
}

TEST(readers_that_wait_behind_a_writer_come_in_when_it_gives_up)
{
    go_rwmutex *rw = test_alloc(sizeof *rw);
    struct crew *writer, *readers;

    CHECK_EQ(0, go_rwmutex_rlock(rw));
    writer = crew_start(1, give_up_writing, rw);
    test_settle();
    readers = crew_start(10, read_once, rw);
    crew_wait(readers); /* while main still reads */
    crew_wait(writer);
    CHECK_EQ(0, go_rwmutex_runlock(rw));
}

static void read_or_write_with_deadline(void *arg, int index)
{
    struct book *b = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        int64_t deadline = i % 5 ? go_deadline((i * 7 + index) % 50 * GO_MICROSECOND) : GO_NOW;
        bool writes = (i + index) % 3 == 0;
        int got = writes ? go_rwmutex_lock_until(&b->rw, deadline) : go_rwmutex_rlock_until(&b->rw, deadline);

        if (got != 0) {
            CHECK(got == -EAGAIN || got == -ETIMEDOUT);
            atomic_fetch_add(&b->timeouts, 1);
        } else if (writes) {
            write_page(b);
            CHECK_EQ(0, go_rwmutex_unlock(&b->rw));
        } else {
            read_page(b);
            CHECK_EQ(0, go_rwmutex_runlock(&b->rw));
        }
    }
}

TEST(waits_that_end_by_their_deadlines_neither_lose_nor_double_a_lock)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct book *b = test_alloc(sizeof *b);
        struct crew *threads;

        go_maxprocs(procs);
        threads = crew_start_threads(2, read_or_write_with_deadline, b);
        crew_run(10, read_or_write_with_deadline, b);
        crew_wait(threads);
        CHECK_EQ(12 * SCALED(2000), atomic_load(&b->reads) + atomic_load(&b->writes) + atomic_load(&b->timeouts));
        CHECK_EQ(0, go_rwmutex_lock_until(&b->rw, GO_NOW));
        CHECK_EQ(0, go_rwmutex_unlock(&b->rw));
    }
}

TEST(null_is_refused)
{
    CHECK_EQ(-EINVAL, go_rwmutex_lock(NULL));
    CHECK_EQ(-EINVAL, go_rwmutex_lock_until(NULL, GO_NOW));
    CHECK_EQ(-EINVAL, go_rwmutex_unlock(NULL));
    CHECK_EQ(-EINVAL, go_rwmutex_rlock(NULL));
    CHECK_EQ(-EINVAL, go_rwmutex_rlock_until(NULL, GO_FOREVER));
    CHECK_EQ(-EINVAL, go_rwmutex_runlock(NULL));
}
