/* Threads of the program's own, made, joined and used by goroutines that are preempted; and calls of libc that go to every thread
 * of the process and wait until each has answered.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "hazard.h"

enum { ROUNDS = 10, WORK = 20000 };

/* ---- making and joining ---- */

static _Thread_local long own;

static void *add_up(void *arg)
{
    long n = *(long *)arg;

    for (long i = 1; i <= n; i++)
        own += i;
    linger(WORK);
    return (void *)own;
}

static void make_threads(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        long n = 100 + index + i;
        void *sum = NULL;
        pthread_t thread;
        wrong += pthread_create(&thread, NULL, add_up, &n) != 0;
        linger(10 * WORK);
        wrong += pthread_join(thread, &sum) != 0 || (long)sum != n * (n + 1) / 2;
    }
    CHECK_EQ(0, wrong);
}

TEST(goroutines_make_and_join_threads)
{
    crowd(300, make_threads, NULL);
}

/* Whoever joins them. */
static atomic_int ended;

static void *end_detached(void *arg)
{
    (void)arg;
    linger(WORK);
    atomic_fetch_add(&ended, 1);
    return NULL;
}

static void make_detached(void *arg, int index)
{
    atomic_int *made = arg;

    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        pthread_t thread;
        if (!CHECK_EQ(0, pthread_create(&thread, NULL, end_detached, NULL)))
            return;
        CHECK_EQ(0, pthread_detach(thread));
        linger(10 * WORK);
        atomic_fetch_add(made, 1);
    }
}

TEST(goroutines_make_threads_that_nobody_joins)
{
    atomic_int made = 0;

    atomic_store(&ended, 0);
    hogs_crowd(make_detached, &made);
    EVENTUALLY(atomic_load(&ended) == atomic_load(&made));
}

/* ---- what a thread keeps under a key ---- */

static pthread_key_t key;
static atomic_long destroyed;

static void destroy(void *value)
{
    free(value);
    atomic_fetch_add(&destroyed, 1);
}

static void *keep_under_key(void *arg)
{
    long *value = malloc(sizeof *value);

    *value = *(long *)arg;
    pthread_setspecific(key, value);
    linger(WORK);
    return (void *)*(long *)pthread_getspecific(key);
}

static void make_keepers(void *arg, int index)
{
    atomic_long *made = arg;
    int wrong = 0;

    for (int i = 0; i < SCALED(ROUNDS); i++) {
        long mine = index * 1000 + i;
        void *kept = NULL;
        pthread_t thread;
        wrong += pthread_create(&thread, NULL, keep_under_key, &mine) != 0;
        linger(10 * WORK);
        wrong += pthread_join(thread, &kept) != 0 || (long)kept != mine;
        atomic_fetch_add(made, 1);
    }
    CHECK_EQ(0, wrong);
}

TEST(what_threads_keep_under_a_key_is_destroyed_once)
{
    atomic_long made = 0;

    atomic_store(&destroyed, 0);
    CHECK_EQ(0, pthread_key_create(&key, destroy));
    crowd(300, make_keepers, &made);
    CHECK_EQ(0, pthread_key_delete(key));
    CHECK_EQ(atomic_load(&made), atomic_load(&destroyed));
}

/* While a goroutine computes and never calls this library, what it keeps there is its own. */
static void keep_own(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < SCALED(100); i++) {
        long mine = index * 1000 + i;
        wrong += pthread_setspecific(key, &mine) != 0;
        own = mine;
        linger(WORK / 4);
        wrong += pthread_getspecific(key) != &mine || own != mine;
        wrong += pthread_setspecific(key, NULL) != 0;
    }
    CHECK_EQ(0, wrong);
}

TEST(thread_locals_and_keys_are_a_goroutines_own_as_long_as_it_only_computes)
{
    CHECK_EQ(0, pthread_key_create(&key, NULL));
    crowd_with_identity(2000, keep_own, NULL);
    CHECK_EQ(0, pthread_key_delete(key));
}

/* ---- calls that go to every thread ---- */

/* libc sends each thread a signal, and goes on when all have answered. Nothing is changed. */
static void ask_every_thread(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        linger(10 * WORK);
        wrong += setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1) != 0;
        wrong += setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1) != 0;
    }
    CHECK_EQ(0, wrong);
}

TEST(a_call_that_every_thread_must_answer_is_answered)
{
    crowd_with_identity(300, ask_every_thread, NULL);
}
