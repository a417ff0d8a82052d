/* Plain threads are cancelled as ever, in a program with the library too, which stands before libc's calls or takes their place.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "exits.h"

#if defined(__GLIBC__)
enum { LOSES_NOTHING = false }; /* before 2.41, https://sourceware.org/bugzilla/show_bug.cgi?id=12683 */
#else
enum { LOSES_NOTHING = true };
#endif

static int pipe_ends[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static atomic_int stage, received;

static pthread_t start(void *(*fn)(void *), void *arg)
{
    pthread_t thread;

    atomic_store(&stage, 0);
    CHECK_EQ(0, pthread_create(&thread, NULL, fn, arg));
    EVENTUALLY(atomic_load(&stage) > 0);
    return thread;
}

static void check_cancelled(pthread_t thread)
{
    void *result = NULL;

    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK_PTR(PTHREAD_CANCELED, result);
}

static void cancel(pthread_t thread)
{
    CHECK_EQ(0, pthread_cancel(thread));
    check_cancelled(thread);
}

static void unlock(void *unused)
{
    (void)unused;
    CHECK_EQ(0, pthread_mutex_unlock(&mutex)); /* libc has locked it again */
    mark("u");
}

static void *wait_for_ever(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, NULL);
    atomic_store(&stage, 1);
    for (;;)
        pthread_cond_wait(&cond, &mutex);
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(a_plain_thread_that_waits_for_a_condition_is_cancelled_with_the_mutex_locked)
{
    forget_marks();
    pthread_t thread = start(wait_for_ever, NULL);
    pthread_mutex_lock(&mutex); /* it waits now */
    pthread_mutex_unlock(&mutex);
    cancel(thread);
    CHECK_STR("u", marks);
}

static void *wait_for_end(void *other)
{
    pthread_cleanup_push(mark, "j");
    atomic_store(&stage, 1);
    pthread_join(*(pthread_t *)other, NULL);
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(one_that_waits_for_the_end_of_another_does_not_take_that_along)
{
    if (WITH_TSAN)
        SKIP("ThreadSanitizer's pthread_join may not be cancelled");
    forget_marks();
    pthread_t other = start(wait_for_ever, NULL);
    cancel(start(wait_for_end, &other));
    CHECK_STR("j", marks);
    cancel(other);
    CHECK_STR("ju", marks);
}

static void *compute_for_ever(void *unused)
{
    (void)unused;
    pthread_cleanup_push(mark, "a");
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    atomic_store(&stage, 1);
    for (;;)
        ;
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(of_the_asynchronous_type_it_ends_where_it_computes)
{
    forget_marks();
    cancel(start(compute_for_ever, NULL));
    CHECK_STR("a", marks);
}

static void *read_for_ever(void *unused)
{
    char byte;

    (void)unused;
    atomic_store(&stage, 1);
    while (read(pipe_ends[0], &byte, 1) == 1)
        atomic_fetch_add(&received, 1);
    return NULL;
}

static void wait_in_handler(int number)
{
    (void)number;
    atomic_store(&stage, 2);
    while (atomic_load(&stage) == 2)
        ;
}

TEST(in_a_handler_it_ends_when_the_call_goes_on_that_this_has_interrupted)
{
    struct sigaction action = {.sa_handler = wait_in_handler, .sa_flags = SA_RESTART}, before;

    if (WITH_TSAN)
        SKIP("ThreadSanitizer keeps a signal back");
    CHECK_EQ(0, pipe(pipe_ends));
    CHECK_EQ(0, sigaction(SIGUSR1, &action, &before));
    pthread_t thread = start(read_for_ever, NULL);
    test_settle();
    CHECK_EQ(0, pthread_kill(thread, SIGUSR1));
    EVENTUALLY(atomic_load(&stage) == 2);
    CHECK_EQ(0, pthread_cancel(thread));
    test_settle();
    atomic_store(&stage, 3);
    check_cancelled(thread);
    sigaction(SIGUSR1, &before, NULL);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static int bytes_left(void)
{
    char byte;
    int left = 0;

    fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    while (read(pipe_ends[0], &byte, 1) == 1)
        left++;
    return left;
}

TEST(what_it_has_read_is_not_lost)
{
    int lost = 0;

    if (!LOSES_NOTHING)
        SKIP("glibc does not promise that before 2.41");
    for (int i = 0; i < SCALED(2000); i++) {
        CHECK_EQ(0, pipe(pipe_ends));
        atomic_store(&received, 0);
        pthread_t thread = start(read_for_ever, NULL);
        for (int n = 0; n < i % 7; n++)
            go_yield();
        CHECK_EQ(3, write(pipe_ends[1], "abc", 3));
        cancel(thread);
        lost += 3 - atomic_load(&received) - bytes_left();
        close(pipe_ends[0]);
        close(pipe_ends[1]);
    }
    CHECK_EQ(0, lost);
}
