/* All threads sleep for a lock whose owner is off its processor, none of them can leave its goroutine, and who would make another
 * thread waits for that lock too: the owner runs nevertheless.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include "emulator.h"
#include "test.h"
#include "sanitizers.h"

#include "sched/identity.h"
#include "sched/runtime.h"

enum { WAITERS = 30, TURNS = 20000000 /* some slices */ };

/* As if libc held it while it makes a thread, as it does with malloc's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return __real_pthread_create(thread, attr, run, arg);
}

struct crowd {
    void (*begin)(void);
    void (*end)(void);
    int threads;
    atomic_bool owned;
    atomic_int called, done;
};

/* It runs until as many as there are threads have called, if they come to it, and for some slices more, in which they fall asleep.
 */
static void own(struct crowd *c)
{
    pthread_mutex_lock(&lock);
    c->threads = (int)load_relaxed(&sched.threads);
    atomic_store(&c->owned, true);
    for (int i = 0; i < 4 * TURNS && atomic_load(&c->called) < c->threads; i++)
        ;
    for (int i = 0; i < TURNS; i++)
        __asm__ volatile("" : "+r"(i));
    pthread_mutex_unlock(&lock);
}

static void wait_for_owner(struct crowd *c)
{
    while (!atomic_load(&c->owned))
        go_yield();
    c->begin();
    atomic_fetch_add(&c->called, 1);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    c->end();
}

static void take_part(void *arg, int index)
{
    struct crowd *c = arg;

    if (index == 0)
        own(c);
    else
        wait_for_owner(c);
    atomic_fetch_add(&c->done, 1);
}

static void check_crowd(void (*begin)(void), void (*end)(void))
{
    struct crowd *c = test_alloc(sizeof *c);

    NEEDS_CALLS_SEEN();
    if (!identity_is_possible() || !test_can_preempt())
        SKIP("goroutines do not keep thread identities");
    c->begin = begin;
    c->end = end;
    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    test_settle();
    crew_run(1 + WAITERS, take_part, c);
    CHECK_BETWEEN(1, WAITERS, c->threads);
    CHECK_EQ(1 + WAITERS, atomic_load(&c->done));
}

static void be_tied(void)
{
    CHECK_EQ(0, go_lock_thread());
}

static void be_free(void)
{
    CHECK_EQ(0, go_unlock_thread());
}

TEST(who_is_off_its_processor_runs_though_all_threads_are_tied_and_sleep)
{
    check_crowd(be_tied, be_free);
}

static void change_mask(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_EQ(0, pthread_sigmask(how, &set, NULL));
}

static void mask(void)
{
    change_mask(SIG_BLOCK);
}

static void unmask(void)
{
    change_mask(SIG_UNBLOCK);
}

TEST(who_is_off_its_processor_runs_though_all_threads_have_signals_masked_and_sleep)
{
    check_crowd(mask, unmask);
}

static void nothing(void)
{
}

TEST(who_is_off_its_processor_runs_though_all_threads_sleep)
{
    check_crowd(nothing, nothing);
}
