/* Locks of pthread's that guard what is not atomic. Who holds one computes, and is taken off meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "torture.h"

/* Two numbers that are equal whenever the lock is free, and who is inside. */
struct pair {
    pthread_mutex_t lock;
    long a, b;
    const struct worker *owner;
};

static struct pair plain = {.lock = PTHREAD_MUTEX_INITIALIZER}, recursive, checking;

static void change(struct pair *p, struct worker *w)
{
    HOLDS(w, p->owner == NULL);
    p->owner = w;
    HOLDS(w, p->a == p->b);
    p->a++;
    worker_computes(w);
    p->b++;
    HOLDS(w, p->owner == w && p->a == p->b);
    p->owner = NULL;
}

static void make(pthread_mutex_t *lock, int type)
{
    pthread_mutexattr_t attr;

    if (pthread_mutexattr_init(&attr) != 0 || pthread_mutexattr_settype(&attr, type) != 0 || pthread_mutex_init(lock, &attr) != 0) {
        fputs("torture: no mutex\n", stderr);
        exit(2);
    }
}

static void make_recursive(void)
{
    make(&recursive.lock, PTHREAD_MUTEX_RECURSIVE);
}

static void make_checking(void)
{
    make(&checking.lock, PTHREAD_MUTEX_ERRORCHECK);
}

WORKLOAD(mutex)
{
    for (int i = 0; i < 5; i++) {
        HOLDS(w, pthread_mutex_lock(&plain.lock) == 0);
        change(&plain, w);
        HOLDS(w, pthread_mutex_unlock(&plain.lock) == 0);
    }
}

WORKLOAD(recursive_mutex, .prepare = make_recursive)
{
    for (int i = 0; i < 5; i++) {
        HOLDS(w, pthread_mutex_lock(&recursive.lock) == 0);
        HOLDS(w, recursive.owner == NULL);
        worker_computes(w);
        HOLDS(w, pthread_mutex_lock(&recursive.lock) == 0);
        change(&recursive, w);
        HOLDS(w, pthread_mutex_unlock(&recursive.lock) == 0);
        worker_computes(w);
        HOLDS(w, recursive.owner == NULL && recursive.a == recursive.b);
        HOLDS(w, pthread_mutex_unlock(&recursive.lock) == 0);
    }
}

WORKLOAD(checking_mutex, .prepare = make_checking)
{
    for (int i = 0; i < 5; i++) {
        HOLDS(w, pthread_mutex_lock(&checking.lock) == 0);
        worker_computes(w);
        HOLDS(w, pthread_mutex_lock(&checking.lock) == EDEADLK);
        change(&checking, w);
        HOLDS(w, pthread_mutex_unlock(&checking.lock) == 0);
    }
}

static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static long table[16]; /* all equal whenever the lock is free */

WORKLOAD(rwlock)
{
    if (worker_random(w, 4) == 0) {
        HOLDS(w, pthread_rwlock_wrlock(&table_lock) == 0);
        for (int i = 0; i < 16; i++) {
            table[i]++;
            compute(200);
        }
        HOLDS(w, pthread_rwlock_unlock(&table_lock) == 0);
        return;
    }
    HOLDS(w, pthread_rwlock_rdlock(&table_lock) == 0);
    long first = table[0];
    worker_computes(w);
    for (int i = 0; i < 16; i++)
        HOLDS(w, table[i] == first);
    HOLDS(w, pthread_rwlock_unlock(&table_lock) == 0);
}

/* Tokens that go round: who finds none waits for a while, and those that there are never get more or fewer. */
static pthread_mutex_t tokens_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tokens_come = PTHREAD_COND_INITIALIZER;
static int tokens = 3, tokens_out;

static bool take_token(struct worker *w)
{
    struct timespec until;
    int status = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 2000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (tokens == 0 && status == 0)
        status = pthread_cond_timedwait(&tokens_come, &tokens_lock, &until);
    HOLDS(w, status == 0 || status == ETIMEDOUT);
    if (tokens == 0)
        return false;
    tokens--;
    tokens_out++;
    return HOLDS(w, tokens + tokens_out == 3);
}

WORKLOAD(condition)
{
    bool have;

    HOLDS(w, pthread_mutex_lock(&tokens_lock) == 0);
    have = take_token(w);
    HOLDS(w, pthread_mutex_unlock(&tokens_lock) == 0);
    if (!have)
        return;
    worker_computes(w);
    HOLDS(w, pthread_mutex_lock(&tokens_lock) == 0);
    tokens++;
    tokens_out--;
    HOLDS(w, tokens + tokens_out == 3);
    HOLDS(w, pthread_cond_signal(&tokens_come) == 0);
    HOLDS(w, pthread_mutex_unlock(&tokens_lock) == 0);
}
