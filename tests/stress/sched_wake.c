/* Going idle and being woken: work is never left lying while all sleep.
 *
 * SPDX-License-Identifier: MIT
 */
#include <unistd.h>
#include "hogs.h"

struct work {
    atomic_long done;
    go_chan *there, *back;
};

static void do_one(void *arg)
{
    atomic_fetch_add(&((struct work *)arg)->done, 1);
}

/* Between two spawns all processors run dry, more or less, and go idle at every possible moment. */
static void check_spawns(int procs, int n, int spread)
{
    struct work *w = test_alloc(sizeof *w);

    go_maxprocs(procs);
    for (int i = 0; i < n; i++) {
        for (volatile int k = 0; k < i % spread; k++)
            ;
        CHECK_EQ(0, go_spawn(do_one, w));
        if (i % 16 == 0) /* somebody else must take it; else it most probably comes from the own queue */
            while (atomic_load(&w->done) <= i)
                ;
        else
            while (atomic_load(&w->done) <= i)
                go_yield();
    }
    CHECK_EQ(n, atomic_load(&w->done));
}

TEST(a_goroutine_put_on_a_queue_while_others_go_idle_is_run)
{
    check_spawns(2, SCALED(20000), 500);
    check_spawns(4, SCALED(20000), 2000);
    check_spawns(8, SCALED(10000), 5000);
}

static void answer(void *arg, int index)
{
    struct work *w = arg;

    (void)index;
    while (go_recv(w->there, NULL) == 0)
        go_send(w->back, NULL);
}

static void ask(void *arg, int index)
{
    struct work *w = arg;

    (void)index;
    for (int i = 0; i < SCALED(20000); i++) {
        for (volatile int k = 0; k < i % 1000; k++)
            ;
        CHECK_EQ(0, go_send(w->there, NULL));
        CHECK_EQ(0, go_recv(w->back, NULL));
        atomic_fetch_add(&w->done, 1);
    }
}

static void check_rounds(int procs, struct crew *(*start_asking)(int, crew_fn *, void *),
                         struct crew *(*start_answering)(int, crew_fn *, void *))
{
    struct work *w = test_alloc(sizeof *w);
    struct crew *asking, *answering;

    *w = (struct work){.there = test_chan(0, 0), .back = test_chan(0, 0)};
    go_maxprocs(procs);
    answering = start_answering(1, answer, w);
    asking = start_asking(1, ask, w);
    crew_wait(asking);
    go_chan_close(w->there);
    crew_wait(answering);
    CHECK_EQ(SCALED(20000), atomic_load(&w->done));
}

TEST(two_that_wake_each_other_never_sleep_both)
{
    for (int procs = 1; procs <= 8; procs *= 2)
        check_rounds(procs, crew_start, crew_start);
}

/* The process is idle between a question and its answer: the plain thread's wake-up must find a sleeper. */
TEST(a_thread_and_a_goroutine_that_wake_each_other_never_sleep_both)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        check_rounds(procs, crew_start_threads, crew_start);
        check_rounds(procs, crew_start, crew_start_threads);
    }
}

TEST(two_threads_that_wake_each_other_never_sleep_both)
{
    check_rounds(1, crew_start_threads, crew_start_threads);
}

static void nap_again_and_again(void *arg, int index)
{
    struct work *w = arg;

    for (int i = 0; i < SCALED(500); i++) {
        go_sleep((1 + (i * 13 + index * 7) % 200) * GO_MICROSECOND);
        atomic_fetch_add(&w->done, 1);
    }
}

/* The keeper of the time goes to sleep and is replaced all the time. */
TEST(no_timer_is_forgotten_by_threads_that_go_idle)
{
    for (int procs = 1; procs <= 8; procs *= 2)
        for (int n = 1; n <= 16; n *= 4) {
            struct work *w = test_alloc(sizeof *w);

            go_maxprocs(procs);
            crew_run(n, nap_again_and_again, w);
            CHECK_EQ(n * SCALED(500), atomic_load(&w->done));
        }
}

static void nap_and_ask(void *arg, int index)
{
    struct work *w = arg;

    for (int i = 0; i < SCALED(1000); i++) {
        if (i % 3 == index % 3)
            go_sleep((i % 50) * GO_MICROSECOND);
        if (go_recv_until(w->back, NULL, go_deadline((1 + i % 60) * GO_MICROSECOND)) == 0)
            atomic_fetch_add(&w->done, 1);
        if (go_send_until(w->back, NULL, go_deadline((1 + i % 30) * GO_MICROSECOND)) == 0)
            atomic_fetch_sub(&w->done, 1);
    }
}

TEST(timers_and_wake_ups_that_come_at_the_same_moment_are_both_seen)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct work *w = test_alloc(sizeof *w);
        struct crew *threads;

        w->back = test_chan(0, 1);
        go_maxprocs(procs);
        threads = crew_start_threads(2, nap_and_ask, w);
        crew_run(6, nap_and_ask, w);
        crew_wait(threads);
        CHECK_EQ(-go_chan_len(w->back), atomic_load(&w->done));
    }
}

static void block_and_wake(void *arg, int index)
{
    struct work *w = arg;

    (void)index;
    for (int i = 0; i < SCALED(300); i++) {
        go_blocking_begin();
        usleep((useconds_t)(i % 100));
        go_blocking_end();
        atomic_fetch_add(&w->done, 1);
        go_spawn(do_one, w);
    }
}

TEST(a_goroutine_that_comes_back_from_a_region_finds_a_processor)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct work *w = test_alloc(sizeof *w);

        go_maxprocs(procs);
        crew_run(5, block_and_wake, w);
        EVENTUALLY(atomic_load(&w->done) == 2 * 5 * SCALED(300));
    }
}
