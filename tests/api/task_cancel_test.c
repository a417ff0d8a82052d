/* pthread_cancel, aimed by a goroutine at itself or at others, and what goes with it.
 *
 * The macros of libc's are what compilers warn of. COMPILED WITH: -Wno-unknown-warning-option -Wno-clobbered
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "exits.h"
#include "sanitizers.h"

static void cancel_itself(void)
{
    CHECK_EQ(0, pthread_cancel(pthread_self()));
    mark("k");
}

/* ---- deferred ---- */

static void cancel_and_test(void *unused)
{
    cancel_itself();
    push_and_pop();
    pthread_testcancel();
    (void)unused;
}

TEST(a_goroutine_that_cancels_itself_ends_at_the_next_pthread_testcancel)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_and_test);
    CHECK_STR("kndcba", marks);
}

static void cancel_and_return(void *unused)
{
    cancel_itself();
    (void)unused;
}

static void run_to_the_end(void *unused)
{
    pthread_cleanup_push(mark, "x");
    cancel_and_return(unused);
    go_sleep(GO_MILLISECOND);
    pthread_cleanup_pop(0);
    mark("e");
}

TEST(one_that_comes_to_none_returns_as_ever)
{
    forget_marks();
    for (int i = 0; i < 10; i++)
        run_as_goroutine(run_to_the_end, NULL);
    CHECK_STR("kekekekekekekekekeke", marks);
}

/* ---- at a call of libc ---- */

static int pipe_ends[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;

static void at_read(void *unused)
{
    char byte;

    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, read(pipe_ends[0], &byte, 1));
}

static void at_write(void *unused)
{
    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, write(pipe_ends[1], "", 1));
}

static void at_nanosleep(void *unused)
{
    (void)unused;
    cancel_itself();
    nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
    CHECK(!"back from nanosleep");
}

static void at_poll(void *unused)
{
    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, poll(NULL, 0, 0));
}

static void at_open(void *unused)
{
    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, open("/dev/null", O_RDONLY));
}

static void at_system(void *unused)
{
    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, system(":"));
}

static void at_sem_wait(void *unused)
{
    (void)unused;
    cancel_itself();
    CHECK_EQ(-2, sem_wait(&sem));
}

static void unlock(void *unused)
{
    CHECK_EQ(0, pthread_mutex_unlock(&mutex)); /* libc has locked it again */
    mark("u");
    (void)unused;
}

static void at_cond_wait(void *unused)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, unused);
    cancel_itself();
    CHECK_EQ(-2, pthread_cond_wait(&cond, &mutex));
    pthread_cleanup_pop(0);
}

TEST(or_at_a_call_of_libc_that_may_wait)
{
    void (*const points[])(void *) = {at_read, at_write, at_nanosleep, at_poll, at_open, at_system, at_sem_wait};

    if (WITH_TSAN)
        SKIP("ThreadSanitizer's calls in the place of libc's are left half done");
    CHECK_EQ(0, pipe(pipe_ends));
    CHECK_EQ(0, sem_init(&sem, 0, 1));
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        forget_marks();
        run_as_goroutine(with_handlers, (void *)points[i]);
        CHECK_STR("kdcba", marks);
    }
    forget_marks();
    run_as_goroutine(with_handlers, (void *)at_cond_wait);
    CHECK_STR("kducba", marks);
    CHECK_EQ(0, sem_destroy(&sem));
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void try_to_read(void *unused)
{
    pthread_cleanup_push(mark, "t");
    CHECK_EQ(0, go_try(with_handlers, (void *)at_poll, NULL));
    mark("!");
    pthread_cleanup_pop(0);
    (void)unused;
}

TEST(it_ends_through_every_try)
{
    if (WITH_TSAN)
        SKIP("ThreadSanitizer's calls in the place of libc's are left half done");
    forget_marks();
    run_as_goroutine(try_to_read, NULL);
    CHECK_STR("kdcbat", marks);
}

static void at_poll_while_blocking(void *unused)
{
    go_blocking_begin();
    CHECK_EQ(-2, poll(NULL, 0, 0));
    (void)unused;
}

static void cancel_then_block(void *unused)
{
    cancel_itself();
    at_poll_while_blocking(unused);
}

static void cancel_tied(void *unused)
{
    CHECK_EQ(0, go_lock_thread());
    cancel_itself();
    CHECK_EQ(0, go_unlock_thread());
    go_yield();
    CHECK_EQ(-2, poll(NULL, 0, 0));
    (void)unused;
}

TEST(it_ends_in_a_blocking_region_and_tied_to_a_thread)
{
    if (WITH_TSAN)
        SKIP("ThreadSanitizer's calls in the place of libc's are left half done");
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_then_block);
    CHECK_STR("kdcba", marks);
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_tied);
    CHECK_STR("kdcba", marks);
}

/* ---- not yet, and at once ---- */

static void cancel_while_off(void *unused)
{
    int before = -1;

    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before));
    CHECK_EQ(PTHREAD_CANCEL_ENABLE, before);
    cancel_itself();
    go_yield();
    pthread_testcancel();
    CHECK_EQ(0, poll(NULL, 0, 0));
    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before));
    CHECK_EQ(PTHREAD_CANCEL_DISABLE, before);
    mark("o");
    pthread_testcancel();
    (void)unused;
}

TEST(where_it_is_disabled_it_waits)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_while_off);
    CHECK_STR("kodcba", marks);
}

static void cancel_at_once(void *unused)
{
    int before = -1;

    CHECK_EQ(0, pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before));
    CHECK_EQ(PTHREAD_CANCEL_DEFERRED, before);
    go_yield();
    cancel_itself();
    (void)unused;
}

static void cancel_then_at_once(void *unused)
{
    int before = -1;

    cancel_itself();
    CHECK_EQ(EINVAL, pthread_setcanceltype(17, &before));
    CHECK_EQ(EINVAL, pthread_setcancelstate(17, &before));
    CHECK_EQ(0, pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
    mark("!");
    (void)unused;
}

static void cancel_off_then_at_once(void *unused)
{
    CHECK_EQ(0, pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
    cancel_itself();
    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
    mark("!");
    (void)unused;
}

TEST(of_the_asynchronous_type_it_is_at_once)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_at_once);
    CHECK_STR("dcba", marks);
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_then_at_once);
    CHECK_STR("kdcba", marks);
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_off_then_at_once);
    CHECK_STR("kdcba", marks);
}

/* ---- among others ---- */

static atomic_long ended, handled, wrong;

static void count(void *counter)
{
    atomic_fetch_add((atomic_long *)counter, 1);
}

/* EINTR: a signal that preempts has come in the middle, and Linux tells even those of it who would not have waited. */
static bool polls_nothing(void)
{
    return poll(NULL, 0, 0) == 0 || errno == EINTR;
}

/* State and type are a goroutine's own, whatever thread it runs on and whoever ran there before. */
static __attribute__((noinline)) void look_at_state(int off)
{
    int before = -1, wanted = off ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;

    pthread_setcancelstate(wanted, &before);
    if (before != wanted)
        atomic_fetch_add(&wrong, 1);
    pthread_testcancel();
    if (!polls_nothing())
        atomic_fetch_add(&wrong, 1);
}

static void stay(void *arg, int index)
{
    (void)arg;
    pthread_cleanup_push(count, &wrong);
    pthread_setcancelstate(index % 2 ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE, NULL);
    for (int i = 0; i < SCALED(200); i++) {
        look_at_state(index % 2);
        if (i % 3 == 0)
            go_yield();
    }
    pthread_cleanup_pop(0);
    atomic_fetch_add(&ended, 1);
}

static void cancel_later(void *point)
{
    pthread_cleanup_push(count, &handled);
    hog_for(20 * GO_MICROSECOND);
    cancel_itself();
    hog_for(20 * GO_MICROSECOND);
    go_yield();
    ((void (*)(void *))point)(NULL);
    atomic_fetch_add(&wrong, 1);
    pthread_cleanup_pop(0);
}

static void poll_once(void *unused)
{
    (void)unused;
    poll(NULL, 0, 0);
}

static void test_once(void *unused)
{
    (void)unused;
    pthread_testcancel();
}

static void cancel_some(void *arg, int index)
{
    for (int i = 0; i < SCALED(10); i++) {
        CHECK_EQ(0, go_spawn(cancel_later, WITH_TSAN || i % 2 ? (void *)test_once : (void *)poll_once));
        hog_for(10 * GO_MICROSECOND);
    }
    stay(arg, index);
}

TEST(it_never_is_another_goroutine_that_ends)
{
    int64_t before = go_count();

    forget_marks();
    atomic_store(&ended, 0);
    atomic_store(&handled, 0);
    atomic_store(&wrong, 0);
    go_maxprocs(4);
    go_slice(20 * GO_MICROSECOND);
    for (int i = 0; i < 5; i++)
        crew_run(8, cancel_some, NULL);
    EVENTUALLY(go_count() == before);
    CHECK_EQ(0, atomic_load(&wrong));
    CHECK_EQ(5 * 8, atomic_load(&ended));
    CHECK_EQ(5 * 8 * SCALED(10), atomic_load(&handled));
}

/* ---- by others ---- */

struct named {
    pthread_t name;
    atomic_int stage;
    bool tied;
};

static void say_name_and_wait(void *arg)
{
    struct named *n = arg;

    if (n->tied)
        go_lock_thread();
    n->name = pthread_self();
    atomic_store(&n->stage, 1);
    while (atomic_load(&n->stage) == 1)
        go_sleep(GO_MILLISECOND);
    pthread_testcancel();
    mark("e");
}

static void *cancel_it(void *name)
{
    return (void *)(intptr_t)pthread_cancel(*(pthread_t *)name);
}

TEST(by_that_name_nobody_else_can_cancel_a_goroutine)
{
    forget_marks();
    for (int i = 0; i < 4; i++) {
        struct named n = {.tied = i % 2};
        int64_t before = go_count();
        void *error = NULL;
        pthread_t thread;
        CHECK_EQ(0, go_spawn(say_name_and_wait, &n));
        EVENTUALLY(atomic_load(&n.stage) == 1);
        CHECK_EQ(0, pthread_create(&thread, NULL, cancel_it, &n.name));
        CHECK_EQ(0, pthread_join(thread, &error));
        CHECK_EQ(ESRCH, (intptr_t)error);
        atomic_store(&n.stage, 2);
        EVENTUALLY(go_count() == before);
    }
    CHECK_STR("eeee", marks);
}

/* ---- plain threads ---- */

static void *read_for_ever(void *arg)
{
    char byte;
    int type = -1, state = -1;

    pthread_cleanup_push(mark, "a");
    CHECK_EQ(0, pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type));
    CHECK_EQ(PTHREAD_CANCEL_DEFERRED, type);
    pthread_cleanup_push(mark, "x");
    pthread_cleanup_pop(0);
    CHECK_EQ(0, pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type));
    CHECK_EQ(PTHREAD_CANCEL_ASYNCHRONOUS, type);
    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state));
    CHECK_EQ(PTHREAD_CANCEL_ENABLE, state);
    pthread_testcancel();
    CHECK_EQ(0, pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state));
    CHECK_EQ(PTHREAD_CANCEL_DISABLE, state);
    pthread_cleanup_push(mark, "b");
    pthread_testcancel();
    atomic_store((atomic_int *)arg, 1);
    CHECK_EQ(-2, read(pipe_ends[0], &byte, 1));
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(a_goroutine_cancels_a_plain_thread_as_ever)
{
    void *result = NULL;
    pthread_t thread;
    atomic_int begun = 0;

    forget_marks();
    CHECK_EQ(0, pipe(pipe_ends));
    CHECK_EQ(0, pthread_create(&thread, NULL, read_for_ever, &begun));
    EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(0, pthread_cancel(thread));
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK_PTR(PTHREAD_CANCELED, result);
    CHECK_STR("ba", marks);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void *cancel_thread_itself(void *test)
{
    pthread_cleanup_push(mark, "a");
    if (!test)
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    CHECK_EQ(0, pthread_cancel(pthread_self()));
    mark("k");
    pthread_testcancel();
    mark("!");
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(a_plain_thread_cancels_itself_as_ever)
{
    void *result = NULL;
    pthread_t thread;

    forget_marks();
    CHECK_EQ(0, pthread_create(&thread, NULL, cancel_thread_itself, "test"));
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK_PTR(PTHREAD_CANCELED, result);
    CHECK_EQ(0, pthread_create(&thread, NULL, cancel_thread_itself, NULL));
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK_PTR(PTHREAD_CANCELED, result);
    CHECK_STR("kaa", marks);
}
