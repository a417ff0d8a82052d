/* pthread_exit in a goroutine, and the handlers of pthread_cleanup_push, in a program without unwinding.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "exits.h"
#include "hazard/identity.h"
#include "sanitizers.h"

/* ---- the end ---- */

TEST(pthread_exit_ends_the_goroutine_that_calls_it)
{
    forget_marks();
    run_as_goroutine(exits, NULL);
    CHECK_STR("", marks);
}

TEST(it_runs_what_is_deferred_and_then_the_handlers_from_the_inside_out)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)exits);
    CHECK_STR("dcba", marks);
}

static void pop_then_exit(void *arg)
{
    push_and_pop();
    pthread_exit(arg);
}

TEST(a_handler_that_was_taken_off_does_not_run)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)pop_then_exit);
    CHECK_STR("ndcba", marks);
}

static void leave(void *unused)
{
    (void)unused;
    go_exit();
}

TEST(go_exit_runs_the_handlers_too)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)leave);
    CHECK_STR("dcba", marks);
}

static void panics(void *unused)
{
    (void)unused;
    go_panic("here");
}

TEST(so_does_a_panic_up_to_the_try_that_it_lands_in)
{
    forget_marks();
    pthread_cleanup_push(mark, "x");
    CHECK_EQ(1, go_try(with_handlers, (void *)panics, NULL));
    pthread_cleanup_pop(0);
    CHECK_STR("dcba", marks);
}

static void try_handlers(void *fn)
{
    pthread_cleanup_push(mark, "t");
    go_try(with_handlers, fn, NULL);
    mark("!");
    pthread_cleanup_pop(0);
}

TEST(pthread_exit_ends_the_goroutine_through_every_try)
{
    forget_marks();
    run_as_goroutine(try_handlers, (void *)exits);
    CHECK_STR("dcbat", marks);
}

static void wait_and_exit(void *which)
{
    go_sleep(GO_MILLISECOND);
    mark(which);
    pthread_exit(NULL);
}

static void exit_in_handlers(void *unused)
{
    (void)unused;
    pthread_cleanup_push(wait_and_exit, "2");
    pthread_cleanup_push(wait_and_exit, "1");
    pthread_exit(NULL);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
}

TEST(a_handler_may_wait_and_may_call_pthread_exit_itself)
{
    forget_marks();
    run_as_goroutine(exit_in_handlers, NULL);
    CHECK_STR("12", marks);
}

static void exit_without_yield(void *unused)
{
    pthread_cleanup_push(mark, "r");
    go_preempt_off();
    go_blocking_begin();
    go_blocking_begin();
    exits(unused);
    pthread_cleanup_pop(0);
}

TEST(it_ends_blocking_regions)
{
    forget_marks();
    for (int i = 0; i < 100; i++)
        run_as_goroutine(exit_without_yield, NULL);
    CHECK_EQ(100, atomic_load(&marked));
}

/* ---- among others ---- */

static atomic_long ended, handled;

static void count(void *counter)
{
    atomic_fetch_add((atomic_long *)counter, 1);
}

static void (*volatile exit_now)(void *) = exits; /* a compiler that knew it would see that it does not return */

__attribute__((noinline)) static void exit_deep(int depth, int yields)
{
    pthread_cleanup_push(count, &handled);
    hog_for(GO_MICROSECOND);
    if (yields)
        go_yield();
    free(malloc((size_t)depth * 100));
    push_and_pop();
    if (depth > 0)
        exit_deep(depth - 1, yields);
    exit_now(NULL);
    pthread_cleanup_pop(0);
}

static void exit_among_others(void *round)
{
    struct go_deferred deferred;

    go_defer(&deferred, count, &ended);
    exit_deep(5, (int)(intptr_t)round % 2);
}

static void spawn_some(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(50); i++) {
        CHECK_EQ(0, go_spawn(exit_among_others, (void *)(intptr_t)(index + i)));
        hog_for(10 * GO_MICROSECOND);
    }
}

TEST(thousands_of_goroutines_end_so_beside_others_that_do_not)
{
    int64_t before = go_count();

    forget_marks();
    atomic_store(&ended, 0);
    atomic_store(&handled, 0);
    go_maxprocs(4);
    go_slice(20 * GO_MICROSECOND);
    for (int i = 0; i < 10; i++)
        crew_run(8, spawn_some, NULL);
    EVENTUALLY(go_count() == before);
    CHECK_EQ(10 * 8 * SCALED(50), atomic_load(&ended));
    CHECK_EQ(6 * 10 * 8 * SCALED(50), atomic_load(&handled));
}

/* ---- tied, or with an identity of its own ---- */

static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
    free(value);
    atomic_fetch_add(&destroyed, 1);
}

/* The thread that the process began with does not end. */
static void tie_to_another_than_the_first(void)
{
    for (int i = 0; i < 10000; i++) {
        CHECK_EQ(0, go_lock_thread());
        if ((int)syscall(SYS_gettid) != getpid())
            return;
        CHECK_EQ(0, go_unlock_thread());
        go_sleep(GO_MILLISECOND);
    }
    CHECK(!"some other thread");
}

static void tie_and_exit(void *unused)
{
    tie_to_another_than_the_first();
    CHECK_EQ(0, pthread_setspecific(key, calloc(1, 1)));
    with_handlers((void *)exits);
    (void)unused;
}

/* Where no identities are handed over it is that of a thread. */
static void keep_and_exit(void *unused)
{
    if (!GOROUTINES_KEEP_IDENTITY && (int)syscall(SYS_gettid) == getpid())
        atomic_fetch_add(&destroyed, 1);
    else
        CHECK_EQ(0, pthread_setspecific(key, calloc(1, 1)));
    with_handlers((void *)exits);
    (void)unused;
}

TEST(a_tied_goroutine_takes_its_thread_along_and_that_ends_as_threads_do)
{
    atomic_store(&destroyed, 0);
    CHECK_EQ(0, pthread_key_create(&key, destroy));
    go_maxprocs(4);
    for (int i = 1; i <= 10; i++) {
        forget_marks();
        run_as_goroutine(tie_and_exit, NULL);
        CHECK_STR("dcba", marks);
        EVENTUALLY(atomic_load(&destroyed) == i);
    }
    CHECK_EQ(0, pthread_key_delete(key));
}

TEST(an_identity_of_its_own_ends_with_it)
{
    struct go_attr attr = {.flags = GO_OWN_IDENTITY};

    atomic_store(&destroyed, 0);
    CHECK_EQ(0, pthread_key_create(&key, destroy));
    for (int i = 1; i <= 10; i++) {
        int64_t before = go_count();
        forget_marks();
        CHECK_EQ(0, go_spawn_attr(&attr, keep_and_exit, NULL));
        EVENTUALLY(go_count() == before);
        CHECK_STR("dcba", marks);
        EVENTUALLY(atomic_load(&destroyed) == i);
    }
    CHECK_EQ(0, pthread_key_delete(key));
}

/* ---- other calls about itself ---- */

static void join_itself(void *unused)
{
    int error = pthread_join(pthread_self(), NULL);

    CHECK(error == EDEADLK || error == EINVAL);
    (void)unused;
}

static void detach_itself(void *unused)
{
    CHECK_EQ(EINVAL, pthread_detach(pthread_self()));
    (void)unused;
}

/* No promise of POSIX's: musl ends the program. */
#if defined(__GLIBC__)
#define JOINS_ARE_REFUSED 1
#else
#define JOINS_ARE_REFUSED 0
#endif

TEST(nobody_joins_or_detaches_itself)
{
    if (!JOINS_ARE_REFUSED)
        SKIP("this libc does not refuse it");
    if (WITH_TSAN)
        SKIP("ThreadSanitizer knows of no thread of that name, and ends the program");
    run_as_goroutine(join_itself, NULL);
    run_as_goroutine(detach_itself, NULL);
}

static atomic_int arrived_at, arrivals;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&arrived_at, (int)syscall(SYS_gettid));
    atomic_fetch_add(&arrivals, 1);
}

static void kill_itself(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++) {
        int before = atomic_load(&arrivals);
        go_preempt_off();
        int here = (int)syscall(SYS_gettid);
        CHECK_EQ(0, pthread_kill(pthread_self(), SIGUSR1));
        if (!WITH_TSAN) { /* which puts handlers off */
            CHECK_EQ(before + 1, atomic_load(&arrivals));
            CHECK_EQ(here, atomic_load(&arrived_at));
        }
        go_preempt_on();
        hog_for(30 * GO_MICROSECOND);
        go_yield();
    }
}

TEST(a_signal_to_itself_arrives_before_pthread_kill_returns)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, earlier;
    struct hogs *h;

    CHECK_EQ(0, sigaction(SIGUSR1, &action, &earlier));
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(3, hog_counting);
    run_as_goroutine(kill_itself, NULL);
    hogs_stop(h);
    EVENTUALLY(atomic_load(&arrivals) == 100);
    CHECK_EQ(0, sigaction(SIGUSR1, &earlier, NULL));
}

/* ---- plain threads ---- */

static void *end_thread(void *value)
{
    pthread_cleanup_push(mark, "a");
    pthread_cleanup_push(mark, "x");
    pthread_cleanup_pop(0);
    pthread_cleanup_push(mark, "b");
    CHECK_EQ(0, go_id()); /* a plain thread that uses the library */
    pthread_exit(value);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(on_a_plain_thread_pthread_exit_is_what_it_was)
{
    pthread_t thread;
    void *value = NULL;
    int object;

    forget_marks();
    CHECK_EQ(0, pthread_create(&thread, NULL, end_thread, &object));
    CHECK_EQ(0, pthread_join(thread, &value));
    CHECK_PTR(&object, value);
    CHECK_STR("ba", marks);
}
