/* Locks under load: whole little programs whose sums must come out, at the shortest slices, with plain threads among them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

static unsigned next_random(unsigned *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state >> 3;
}

static void make_hostile(int procs)
{
    go_maxprocs(procs);
    go_slice(20 * GO_MICROSECOND);
}

/* ---- a bank: each transfer takes two locks, in order or by trying ---- */

enum { ACCOUNTS = 16, START = 1000 };

struct bank {
    struct account {
        go_mutex m;
        long balance;
    } accounts[ACCOUNTS];
    atomic_long transfers, refused;
};

static bool lock_both(struct account *a, struct account *b, unsigned r)
{
    if (a > b) { /* against the order: only by a deadline, else it could deadlock */
        CHECK_EQ(0, go_mutex_lock(&a->m));
        if (go_mutex_lock_until(&b->m, r % 2 ? GO_NOW : go_deadline(r % 20000)) == 0)
            return true;
        CHECK_EQ(0, go_mutex_unlock(&a->m));
        return false;
    }
    CHECK_EQ(0, go_mutex_lock(&a->m));
    CHECK_EQ(0, go_mutex_lock(&b->m));
    return true;
}

static void transfer(void *arg, int index)
{
    struct bank *b = arg;
    unsigned r = 12345u + (unsigned)index * 7919;

    for (int i = 0; i < SCALED(3000); i++) {
        struct account *from = &b->accounts[next_random(&r) % ACCOUNTS], *to = &b->accounts[next_random(&r) % ACCOUNTS];
        long amount = (long)(next_random(&r) % 10);

        if (from == to || !lock_both(from, to, r)) {
            atomic_fetch_add(&b->refused, 1);
            continue;
        }
        from->balance -= amount;
        if (r % 8 == 0)
            go_yield();
        to->balance += amount;
        CHECK_EQ(0, go_mutex_unlock(&from->m));
        CHECK_EQ(0, go_mutex_unlock(&to->m));
        atomic_fetch_add(&b->transfers, 1);
    }
}

TEST(a_bank_keeps_its_money)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct bank *b = test_alloc(sizeof *b);
        struct crew *threads;
        long sum = 0;

        for (int i = 0; i < ACCOUNTS; i++)
            b->accounts[i].balance = START;
        make_hostile(procs);
        threads = crew_start_threads(3, transfer, b);
        crew_run(20, transfer, b);
        crew_wait(threads);
        for (int i = 0; i < ACCOUNTS; i++)
            sum += b->accounts[i].balance;
        CHECK_EQ(ACCOUNTS * START, sum);
        CHECK_EQ(23 * SCALED(3000), atomic_load(&b->transfers) + atomic_load(&b->refused));
    }
}

/* ---- a table that readers find whole ---- */

enum { CELLS = 64 };

struct table {
    go_rwmutex rw;
    unsigned cells[CELLS];
    atomic_long reads, writes;
};

static void use_table(void *arg, int index)
{
    struct table *t = arg;
    unsigned r = 777u + (unsigned)index * 104729;

    for (int i = 0; i < SCALED(2000); i++) {
        if (next_random(&r) % 5 == 0) {
            CHECK_EQ(0, go_rwmutex_lock(&t->rw));
            for (int k = 0; k < CELLS; k++)
                t->cells[k] = r + (unsigned)k;
            CHECK_EQ(0, go_rwmutex_unlock(&t->rw));
            atomic_fetch_add(&t->writes, 1);
        } else if (go_rwmutex_rlock_until(&t->rw, r % 3 ? GO_FOREVER : go_deadline(r % 50000)) == 0) {
            for (int k = 0; k < CELLS; k++)
                if (t->cells[k] != t->cells[0] + (unsigned)k)
                    CHECK(!"the table is torn");
            CHECK_EQ(0, go_rwmutex_runlock(&t->rw));
            atomic_fetch_add(&t->reads, 1);
        }
    }
}

TEST(readers_find_a_table_whole)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct table *t = test_alloc(sizeof *t);
        struct crew *threads;

        for (unsigned k = 0; k < CELLS; k++)
            t->cells[k] = k;
        make_hostile(procs);
        threads = crew_start_threads(3, use_table, t);
        crew_run(20, use_table, t);
        crew_wait(threads);
        CHECK(atomic_load(&t->reads) > 0 && atomic_load(&t->writes) > 0);
    }
}

/* ---- philosophers: a fork is a semaphore, the table seats all but one ---- */

enum { SEATS = 9 };

struct dinner {
    go_sem forks[SEATS], chairs;
    atomic_int held[SEATS];
    atomic_long meals;
};

static void take_fork(struct dinner *d, int i)
{
    CHECK_EQ(0, go_sem_acquire(&d->forks[i], 1));
    CHECK_EQ(0, atomic_fetch_add(&d->held[i], 1));
}

static void put_fork(struct dinner *d, int i)
{
    CHECK_EQ(1, atomic_fetch_sub(&d->held[i], 1));
    CHECK_EQ(0, go_sem_release(&d->forks[i], 1));
}

static void dine(void *arg, int index)
{
    struct dinner *d = arg;

    for (int i = 0; i < SCALED(2000); i++) {
        CHECK_EQ(0, go_sem_acquire(&d->chairs, 1));
        take_fork(d, index);
        if (i % 16 == index)
            go_yield();
        take_fork(d, (index + 1) % SEATS);
        atomic_fetch_add(&d->meals, 1);
        put_fork(d, index);
        put_fork(d, (index + 1) % SEATS);
        CHECK_EQ(0, go_sem_release(&d->chairs, 1));
    }
}

TEST(philosophers_dine)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct dinner *d = test_alloc(sizeof *d);

        for (int i = 0; i < SEATS; i++)
            go_sem_release(&d->forks[i], 1);
        go_sem_release(&d->chairs, SEATS - 1);
        make_hostile(procs);
        crew_run(SEATS, dine, d);
        CHECK_EQ(SEATS * SCALED(2000), atomic_load(&d->meals));
    }
}

/* ---- rounds: all meet at a barrier, again and again ---- */

struct barrier {
    go_mutex m;
    go_cond all_here;
    int n, here, round;
    atomic_int in_round[2];
};

static void meet(struct barrier *b)
{
    int round;

    CHECK_EQ(0, go_mutex_lock(&b->m));
    round = b->round;
    if (++b->here == b->n) {
        b->here = 0;
        b->round++;
        CHECK_EQ(0, go_cond_broadcast(&b->all_here));
    }
    while (b->round == round)
        CHECK_EQ(0, go_cond_wait(&b->all_here, &b->m));
    CHECK_EQ(0, go_mutex_unlock(&b->m));
}

static void walk_rounds(void *arg, int index)
{
    struct barrier *b = arg;

    (void)index;
    for (int i = 0; i < SCALED(300); i++) {
        atomic_fetch_add(&b->in_round[i % 2], 1);
        meet(b);
        if (!CHECK_EQ(b->n, atomic_load(&b->in_round[i % 2])))
            return;
        meet(b);
        atomic_store(&b->in_round[i % 2], 0);
        meet(b);
    }
}

TEST(a_barrier_keeps_all_in_the_same_round)
{
    for (int procs = 1; procs <= 4; procs *= 2)
        for (int threads = 0; threads <= 3; threads += 3) {
            struct barrier *b = test_alloc(sizeof *b);
            struct crew *c;

            b->n = 12 + threads;
            make_hostile(procs);
            c = crew_start_threads(threads, walk_rounds, b);
            crew_run(12, walk_rounds, b);
            crew_wait(c);
            CHECK_EQ(3 * SCALED(300), b->round);
        }
}

/* ---- ten thousand wait for one ---- */

struct crowd {
    go_waitgroup start, ready;
    go_mutex m;
    long count;
    go_once once;
    atomic_int first;
};

static void be_first(void *arg)
{
    atomic_fetch_add(&((struct crowd *)arg)->first, 1);
}

static void join_crowd(void *arg, int index)
{
    struct crowd *c = arg;

    (void)index;
    go_waitgroup_done(&c->ready);
    CHECK_EQ(0, go_waitgroup_wait(&c->start));
    CHECK_EQ(0, go_once_do(&c->once, be_first, c));
    CHECK_EQ(1, atomic_load(&c->first));
    CHECK_EQ(0, go_mutex_lock(&c->m));
    c->count++;
    CHECK_EQ(0, go_mutex_unlock(&c->m));
}

TEST(ten_thousand_set_off_at_once_through_a_wait_group_a_once_and_a_mutex)
{
    int n = SCALED(10000);

    for (int procs = 1; procs <= 4; procs *= 2) {
        struct crowd *c = test_alloc(sizeof *c);
        struct crew *crew, *threads;

        make_hostile(procs);
        go_waitgroup_add(&c->start, 1);
        go_waitgroup_add(&c->ready, n + 4);
        threads = crew_start_threads(4, join_crowd, c);
        crew = crew_start(n, join_crowd, c);
        CHECK_EQ(0, go_waitgroup_wait(&c->ready));
        go_waitgroup_done(&c->start);
        crew_wait(crew);
        crew_wait(threads);
        CHECK_EQ(n + 4, c->count);
    }
}
