/* The thread identity of a goroutine: what libc takes for "this thread". Between two calls of the library it is one and the same,
 * wherever the goroutine is taken off and goes on; locked it stays the same through all calls; one of its own begins and ends with
 * the goroutine.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <locale.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

#define NOINLINE __attribute__((noinline))

enum { GOROUTINES = 8, ROUNDS = 200, VISITS = 20, LOOKS = 50 };

/* Elsewhere a goroutine is tied to a thread instead, or not taken off inside libc. */
static bool are_handed_over(void)
{
    return WITH_IDENTITIES;
}

static _Thread_local long mine;

static int kernel_thread(void)
{
    return (int)syscall(SYS_gettid);
}

/* ---- between two calls ---- */

static atomic_long moved;

static void count_moves(int *thread)
{
    int now = kernel_thread();

    if (now != *thread)
        atomic_fetch_add(&moved, 1);
    *thread = now;
}

/* By itself, since compilers keep the addresses of thread-locals and of errno, for a function as a whole. */
static NOINLINE void look_once(int index)
{
    pthread_t self = pthread_self();
    int *volatile place = &errno;
    int thread = kernel_thread();

    mine = index;
    for (int i = 0; i < LOOKS; i++) {
        errno = index + i;
        hog_for(2 * GO_MICROSECOND);
        CHECK_EQ(index + i, errno);
        CHECK_PTR(place, &errno);
        CHECK_EQ(index, mine);
        CHECK(pthread_equal(self, pthread_self()));
        count_moves(&thread);
    }
}

static void look_at_itself(void *arg, int index)
{
    (void)arg;
    for (int visit = 0; visit < SCALED(VISITS); visit++) {
        look_once(index);
        go_yield();
    }
}

/* Beside load each look may take a preemption or two, of a quarter of a millisecond: so no more of them than it takes. */
TEST(between_two_calls_a_goroutine_is_one_thread_to_libc_whatever_thread_it_runs_on)
{
    int64_t end = test_now() + 30 * GO_SECOND;

    NEEDS_PREEMPTION();
    if (!are_handed_over())
        SKIP("identities are not handed over here");
    do
        hogs_crowd(look_at_itself, NULL);
    while (atomic_load(&moved) == 0 && test_now() < end);
    test_note("%ld moves to another kernel thread between two looks", atomic_load(&moved));
    CHECK(atomic_load(&moved) > 0);
}

/* ---- locks that have an owner ---- */

static pthread_mutex_t recursive;
static long inside, pairs[2];

static void lock_twice(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&recursive));
        CHECK_EQ(0, pthread_mutex_lock(&recursive));
        CHECK_EQ(0, inside++);
        pairs[0]++;
        hog_for(GO_MICROSECOND);
        pairs[1]++;
        CHECK_EQ(pairs[0], pairs[1]);
        inside--;
        CHECK_EQ(0, pthread_mutex_unlock(&recursive));
        CHECK_EQ(0, pthread_mutex_unlock(&recursive));
    }
}

TEST(a_recursive_mutex_keeps_another_goroutine_out_while_its_owner_is_off_its_processor)
{
    pthread_mutexattr_t attr;

    NEEDS_PREEMPTION();
    if (!are_handed_over())
        SKIP("identities are not handed over here");
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attr);
    hogs_crowd(lock_twice, NULL);
    pthread_mutex_destroy(&recursive);
}

/* ---- locked ---- */

/* By themselves, and the thread turned round, so that nothing on the stack is an address inside the identity: that alone would keep
 * it. */
static NOINLINE uintptr_t become(int index)
{
    mine = index;
    errno = index;
    return ~(uintptr_t)pthread_self();
}

static NOINLINE bool is_still(uintptr_t turned, int index)
{
    return CHECK_EQ(index, mine) && CHECK_EQ(index, errno) && CHECK(~turned == (uintptr_t)pthread_self());
}

static void yield_as_one(void *arg, int index)
{
    (void)arg;
    CHECK_EQ(0, go_lock_identity());
    uintptr_t turned = become(index);
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        i % 8 == 7 ? (void)go_sleep(10 * GO_MICROSECOND) : go_yield();
        if (!is_still(turned, index))
            break;
    }
    CHECK_EQ(0, go_lock_identity());
    CHECK_EQ(0, go_unlock_identity());
    CHECK_EQ(0, go_unlock_identity());
    CHECK_EQ(-EPERM, go_unlock_identity());
}

TEST(a_locked_identity_stays_through_calls_that_yield_and_sleep)
{
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    crew_run(GOROUTINES, yield_as_one, NULL);
}

static void *lock_on_a_thread(void *unused)
{
    CHECK_EQ(0, go_lock_identity());
    CHECK_EQ(0, go_unlock_identity());
    return unused;
}

TEST(on_a_plain_thread_locking_the_identity_changes_nothing)
{
    pthread_t thread;

    CHECK_EQ(0, pthread_create(&thread, NULL, lock_on_a_thread, NULL));
    pthread_join(thread, NULL);
}

/* ---- those that wait for somebody ---- */

struct visit {
    void (*look)(void);
    int visitors;
    atomic_int there;
};

static void look_around(void *arg, int index)
{
    struct visit *v = arg;

    (void)index;
    CHECK_EQ(0, go_lock_identity());
    v->look();
    atomic_fetch_add(&v->there, 1);
    while (atomic_load(&v->there) < v->visitors)
        go_yield();
}

/* In each that is spare, and more: so many goroutines have one at the same time. */
static void visit_all(void (*look)(void))
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    struct visit v = {look, (int)s.identities_spare + 2 * GOROUTINES, 0};
    crew_run(v.visitors, look_around, &v);
}

/* ---- one of its own ---- */

static pthread_key_t key;
static atomic_int ran, ended;

static void count_end(void *value)
{
    CHECK_EQ(7, (long)value);
    atomic_fetch_add(&ended, 1);
}

static void leave_a_trace(void)
{
    mine = 1;
}

static void be_a_thread(void *arg)
{
    (void)arg;
    CHECK(pthread_getspecific(key) == NULL);
    CHECK_EQ(0, mine);
    CHECK_EQ(0, pthread_setspecific(key, (void *)7L));
    mine = 5;
    for (int i = 0; i < 50; i++)
        go_yield();
    CHECK_EQ(5, mine);
    CHECK_EQ(7, (long)pthread_getspecific(key));
    atomic_fetch_add(&ran, 1);
}

/* With somebody who always waits: the library does not tidy up then, which would end spare identities too. */
TEST(a_goroutine_with_an_identity_of_its_own_begins_and_ends_as_a_thread_does)
{
    struct hogs *h;

    if (!are_handed_over())
        SKIP("identities are not handed over here");
    CHECK_EQ(0, pthread_key_create(&key, count_end));
    visit_all(leave_a_trace); /* nobody is given one of these */
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    for (int i = 0; i < GOROUTINES; i++)
        CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.flags = GO_OWN_IDENTITY}, be_a_thread, NULL));
    EVENTUALLY(atomic_load(&ran) == GOROUTINES);
    EVENTUALLY(atomic_load(&ended) == GOROUTINES);
    hogs_stop(h);
    CHECK_EQ(0, pthread_key_delete(key));
}

TEST(an_unknown_flag_is_refused)
{
    CHECK_EQ(-EINVAL, go_spawn_attr(&(struct go_attr){.flags = 1u << 30}, be_a_thread, NULL));
}

/* ---- what one leaves behind ---- */

static void choose_a_locale(void *arg)
{
    locale_t numbers = newlocale(LC_ALL_MASK, "C", NULL);

    CHECK_EQ(0, go_lock_identity());
    CHECK(uselocale(numbers) != (locale_t)0);
    go_yield();
    CHECK(uselocale((locale_t)0) == numbers);
    *(locale_t *)arg = numbers;
}

static void look_at_the_locale(void)
{
    CHECK(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
}

TEST(a_locale_does_not_outlive_its_goroutine)
{
    locale_t made = (locale_t)0;

    if (!are_handed_over())
        SKIP("identities are not handed over here");
    go_maxprocs(1);
    go_spawn(choose_a_locale, &made);
    EVENTUALLY(made != (locale_t)0 && go_count() == 1);
    visit_all(look_at_the_locale);
    freelocale(made);
}
