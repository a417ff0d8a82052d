/* Locks that do not know their owner. Who waits for one that a goroutine holds while it is off its processor sleeps in the kernel,
 * with the processor that the owner needs: it has to be taken away, or nobody moves again.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>
#include "hazard.h"

enum { MANY = 64, ROUNDS = 40, HOLD = 3000 };

/* ---- many on one lock ---- */

struct shared {
    union {
        pthread_mutex_t mutex;
        sem_t permit;
        atomic_int word;
    } lock;
    void (*take)(struct shared *s);
    void (*give)(struct shared *s);
    int inside; /* guarded by the lock */
    long times;
    atomic_int wrong;
};

static void use(void *arg, int index)
{
    struct shared *s = arg;

    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        s->take(s);
        if (s->inside++ != 0)
            atomic_fetch_add(&s->wrong, 1);
        linger(HOLD);
        s->times++;
        s->inside--;
        s->give(s);
        linger(HOLD / 2);
    }
}

static void check_many(struct shared *s)
{
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(MANY, use, s);
    CHECK_EQ(0, atomic_load(&s->wrong));
    CHECK_EQ(MANY * SCALED(ROUNDS), s->times);
}

static void take_mutex(struct shared *s)
{
    pthread_mutex_lock(&s->lock.mutex);
}

static void give_mutex(struct shared *s)
{
    pthread_mutex_unlock(&s->lock.mutex);
}

TEST(sixty_four_goroutines_share_a_mutex)
{
    struct shared s = {.take = take_mutex, .give = give_mutex};

    pthread_mutex_init(&s.lock.mutex, NULL);
    check_many(&s);
    CHECK_EQ(0, pthread_mutex_destroy(&s.lock.mutex));
}

static void take_permit(struct shared *s)
{
    while (sem_wait(&s->lock.permit) != 0)
        ;
}

static void give_permit(struct shared *s)
{
    sem_post(&s->lock.permit);
}

TEST(sixty_four_goroutines_share_a_semaphore)
{
    struct shared s = {.take = take_permit, .give = give_permit};

    sem_init(&s.lock.permit, 0, 1);
    check_many(&s);
    CHECK_EQ(0, sem_destroy(&s.lock.permit));
}

/* As allocators have it: a few turns, then naps that grow. It never looks blocked for long. */
static void take_napping(struct shared *s)
{
    for (int tries = 0, free = 0; !atomic_compare_exchange_weak(&s->lock.word, &free, 1); free = 0, tries++) {
        if (tries < 20)
            linger(100);
        else if (tries < 40)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 2000L << (tries < 50 ? tries - 40 : 10)}, NULL);
    }
}

static void give_napping(struct shared *s)
{
    atomic_store(&s->lock.word, 0);
}

TEST(sixty_four_goroutines_share_a_lock_that_spins_and_naps)
{
    struct shared s = {.take = take_napping, .give = give_napping};

    check_many(&s);
}

/* ---- one who is off its processor holds a lock ---- */

struct held {
    pthread_mutex_t mutex;
    atomic_bool has, release, got;
};

static void hold(void *arg, int index)
{
    struct held *h = arg;

    (void)index;
    pthread_mutex_lock(&h->mutex);
    atomic_store(&h->has, true);
    while (!atomic_load(&h->release)) /* off the processor, most of the time */
        go_yield();
    pthread_mutex_unlock(&h->mutex);
}

static void want(void *arg, int index)
{
    struct held *h = arg;

    (void)index;
    pthread_mutex_lock(&h->mutex);
    atomic_store(&h->got, true);
    pthread_mutex_unlock(&h->mutex);
}

TEST(a_mutex_of_a_goroutine_that_is_off_its_processor_stops_only_those_who_want_it)
{
    struct held h = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct crew *owner, *others;
    struct hogs *hogs;

    NEEDS_TAKING();
    NEEDS_PREEMPTION();
    go_maxprocs(1);
    owner = crew_start(1, hold, &h);
    EVENTUALLY(atomic_load(&h.has));
    others = crew_start(4, want, &h);
    hogs = hogs_start(2, hog_counting);
    for (int i = 0; i < 20; i++) {
        hogs_wait_for_turn(hogs, 0);
        hogs_wait_for_turn(hogs, 1);
    }
    CHECK(!atomic_load(&h.got));
    atomic_store(&h.release, true);
    crew_wait(owner);
    crew_wait(others);
    CHECK(atomic_load(&h.got));
    hogs_stop(hogs);
}

/* ---- conditions and barriers: sleeping in libc for another goroutine ---- */

struct rounds {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int turn, members;
};

static void take_turns(void *arg, int index)
{
    struct rounds *r = arg;

    for (int i = 0; i < SCALED(ROUNDS); i++) {
        pthread_mutex_lock(&r->mutex);
        while (r->turn % r->members != index)
            pthread_cond_wait(&r->changed, &r->mutex);
        linger(HOLD);
        r->turn++;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->mutex);
    }
}

TEST(goroutines_take_turns_by_a_condition_of_libc)
{
    struct rounds r = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 6};

    NEEDS_TAKING();
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(r.members, take_turns, &r);
    CHECK_EQ(r.members * SCALED(ROUNDS), r.turn);
}
