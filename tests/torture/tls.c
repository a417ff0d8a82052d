/* What belongs to the thread: errno, thread-locals, keys, its name for itself, and what is done once for all.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "torture.h"

WORKLOAD(errno_after_failure)
{
    for (int i = 0; i < 8; i++) {
        int which = worker_random(w, 3), expected = which == 0 ? EBADF : which == 1 ? ENOENT : EINVAL;

        errno = 0;
        if (which == 0)
            HOLDS(w, close(-1) == -1);
        else if (which == 1)
            HOLDS(w, open("/no/such/file", O_RDONLY) == -1);
        else
            HOLDS(w, lseek(STDERR_FILENO, 0, 1000) == -1);
        worker_computes(w);
        HOLDS(w, errno == expected);
    }
}

/* Code that holds the address, as compilers do. */
WORKLOAD(address_of_errno)
{
    for (int i = 0; i < 8; i++) {
        int *mine = &errno, value = 1 + worker_random(w, 1000);

        *(volatile int *)mine = value;
        worker_computes(w);
        HOLDS(w, *(volatile int *)mine == value);
        HOLDS(w, errno == value && mine == &errno);
    }
}

enum { WORDS = 64 };
static _Thread_local volatile uintptr_t words[WORDS];

/* Not inlined: the address is asked for anew. */
static __attribute__((noinline)) volatile uintptr_t *my_words(void)
{
    __asm__ volatile("");
    return words;
}

WORKLOAD(thread_locals)
{
    volatile uintptr_t *mine = my_words();
    uintptr_t first = (uintptr_t)worker_random(w, 1 << 30);

    for (int i = 0; i < WORDS; i++) {
        words[i] = first + (uintptr_t)i;
        compute(300);
    }
    worker_computes(w);
    for (int i = 0; i < WORDS; i++)
        if (!HOLDS(w, words[i] == first + (uintptr_t)i))
            return;
    HOLDS(w, my_words() == mine);
}

static pthread_key_t key;

static void make_key(void)
{
    if (pthread_key_create(&key, NULL) != 0) {
        fputs("torture: no key\n", stderr);
        exit(2);
    }
}

WORKLOAD(keys, .prepare = make_key)
{
    pthread_t self = pthread_self();

    for (int i = 0; i < 8; i++) {
        HOLDS(w, pthread_setspecific(key, &self + i) == 0);
        worker_computes(w);
        HOLDS(w, pthread_getspecific(key) == &self + i);
        HOLDS(w, pthread_equal(pthread_self(), self));
    }
    HOLDS(w, pthread_setspecific(key, NULL) == 0);
}

/* What cannot be named is put into a buffer of the thread's. */
WORKLOAD(strerror_buffer)
{
    for (int i = 0; i < 4; i++) {
        int number = 5000 + worker_random(w, 100000);
        char expected[40];
        const char *said = strerror(number);

        snprintf(expected, sizeof expected, "Unknown error %d", number);
        worker_computes(w);
        HOLDS(w, strcmp(said, expected) == 0);
    }
}

/* ---- once ---- */

/* One that is used again as soon as nobody is at it. */
struct once {
    pthread_once_t once;
    void (*make)(void);
    pthread_mutex_t lock;
    int users;
    int begun, done; /* made by the first, only read by the others */
};

static struct once onces[3];

static void make_once(struct once *o)
{
    o->begun++;
    compute(20000);
    o->done++;
}

static void make_0(void)
{
    make_once(&onces[0]);
}

static void make_1(void)
{
    make_once(&onces[1]);
}

static void make_2(void)
{
    make_once(&onces[2]);
}

static void prepare_onces(void)
{
    static void (*const makers[])(void) = {make_0, make_1, make_2};

    for (int i = 0; i < 3; i++)
        onces[i] = (struct once){.once = PTHREAD_ONCE_INIT, .make = makers[i], .lock = PTHREAD_MUTEX_INITIALIZER};
}

WORKLOAD(once, .prepare = prepare_onces)
{
    for (int i = 0; i < 3; i++) {
        struct once *o = &onces[i];

        HOLDS(w, pthread_mutex_lock(&o->lock) == 0);
        o->users++;
        HOLDS(w, pthread_mutex_unlock(&o->lock) == 0);
        HOLDS(w, pthread_once(&o->once, o->make) == 0);
        HOLDS(w, o->begun == 1 && o->done == 1);
        HOLDS(w, pthread_mutex_lock(&o->lock) == 0);
        if (--o->users == 0) {
            o->once = PTHREAD_ONCE_INIT;
            o->begun = o->done = 0;
        }
        HOLDS(w, pthread_mutex_unlock(&o->lock) == 0);
    }
}
