/* Blocking regions: who is about to block its kernel thread gives its processor away first.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <unistd.h>
#include "hogs.h"

static struct go_stats stats(void)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s;
}

static ssize_t read_once(int fd, char *byte)
{
    ssize_t n;

    do
        n = read(fd, byte, 1);
    while (n < 0 && errno == EINTR);
    return n;
}

static void sleep_in_kernel(int ms)
{
    int64_t end = test_now() + ms * GO_MILLISECOND;

    while (test_now() < end)
        poll(NULL, 0, (int)((end - test_now()) / GO_MILLISECOND + 1));
}

struct sleepers {
    int pipe[2]; /* a byte for each ends them */
    atomic_int awake, up;
};

static void sleep_in_region(void *arg, int index)
{
    struct sleepers *s = arg;
    char byte;

    (void)index;
    atomic_fetch_add(&s->up, 1);
    go_blocking_begin();
    CHECK_EQ(1, read_once(s->pipe[0], &byte));
    go_blocking_end();
    atomic_fetch_add(&s->awake, 1);
}

static struct crew *sleepers_start(struct sleepers *s, int n)
{
    struct crew *c;

    CHECK_EQ(0, pipe(s->pipe));
    c = crew_start(n, sleep_in_region, s);
    EVENTUALLY(atomic_load(&s->up) == n); /* all in the kernel at once, or about to be */
    return c;
}

static void sleepers_end(struct sleepers *s, int n, struct crew *c)
{
    CHECK_EQ(0, atomic_load(&s->awake));
    for (int i = 0; i < n; i++)
        CHECK_EQ(1, write(s->pipe[1], "x", 1));
    crew_wait(c);
    CHECK_EQ(n, atomic_load(&s->awake));
    close(s->pipe[0]);
    close(s->pipe[1]);
}

/* They sleep until the others have had their turns. */
static void check_sleepers_stall_nobody(int procs, int n)
{
    struct sleepers *s = test_alloc(sizeof *s);
    struct crew *c;
    struct hogs *h;

    go_maxprocs(procs);
    c = sleepers_start(s, n);
    h = hogs_start(2, hog_counting);
    for (int i = 0; i < 5; i++) {
        hogs_wait_for_turn(h, 0);
        hogs_wait_for_turn(h, 1);
    }
    hogs_stop(h);
    sleepers_end(s, n, c);
}

TEST(four_goroutines_asleep_in_the_kernel_do_not_stall_two_processors)
{
    check_sleepers_stall_nobody(2, 4);
}

TEST(ten_goroutines_asleep_in_the_kernel_do_not_stall_one_processor)
{
    check_sleepers_stall_nobody(1, 10);
}

TEST(a_hundred_goroutines_may_block_in_the_kernel_at_once)
{
    struct sleepers *s = test_alloc(sizeof *s);

    sleepers_end(s, 100, sleepers_start(s, 100));
}

struct flag {
    atomic_bool set;
    int pipe[2];
};

static void read_in_region(void *arg, int index)
{
    struct flag *f = arg;
    char byte = 0;

    (void)index;
    go_blocking_begin();
    CHECK_EQ(1, read(f->pipe[0], &byte, 1));
    go_blocking_end();
    CHECK_EQ('x', byte);
    atomic_store(&f->set, true);
}

static struct flag *new_flag(void)
{
    struct flag *f = test_alloc(sizeof *f);

    CHECK_EQ(0, pipe(f->pipe));
    return f;
}

static void close_flag(struct flag *f)
{
    close(f->pipe[0]);
    close(f->pipe[1]);
}

TEST(a_region_hands_its_processor_over_and_it_is_counted)
{
    struct flag *f = new_flag();
    uint64_t before;
    struct crew *c;

    go_maxprocs(1);
    before = stats().handovers;
    c = crew_start(1, read_in_region, f);
    for (int i = 0; i < 10; i++)
        go_yield(); /* would not come back from the first one */
    CHECK(!atomic_load(&f->set));
    CHECK_EQ(1, write(f->pipe[1], "x", 1));
    crew_wait(c);
    CHECK(atomic_load(&f->set));
    CHECK_BETWEEN(1, 1000, stats().handovers - before);
    close_flag(f);
}

TEST(the_end_of_a_region_waits_for_a_processor)
{
    struct flag *f = new_flag();
    struct crew *c;

    go_maxprocs(1);
    c = crew_start(1, read_in_region, f);
    for (int i = 0; i < 10; i++)
        go_yield();
    go_preempt_off();
    CHECK_EQ(1, write(f->pipe[1], "x", 1));
    hog_for(100 * GO_MILLISECOND);
    CHECK(!atomic_load(&f->set));
    go_preempt_on();
    crew_wait(c);
    CHECK(atomic_load(&f->set));
    close_flag(f);
}

TEST(the_end_of_a_region_takes_a_processor_from_a_hog)
{
    struct flag *f = new_flag();
    struct crew *c;
    struct hogs *h;

    go_maxprocs(1);
    c = crew_start(1, read_in_region, f);
    h = hogs_start(2, hog_arithmetic);
    for (int i = 0; i < 5; i++)
        go_yield();
    CHECK_EQ(1, write(f->pipe[1], "x", 1));
    crew_wait(c);
    hogs_stop(h);
    close_flag(f);
}

static void nest_regions(void *arg, int index)
{
    struct flag *f = arg;
    char byte = 0;

    (void)index;
    go_blocking_begin();
    go_blocking_begin();
    go_blocking_begin();
    go_blocking_end();
    go_blocking_end(); /* still in the outermost */
    CHECK_EQ(1, read(f->pipe[0], &byte, 1));
    go_blocking_begin();
    go_blocking_end();
    go_blocking_end();
    go_yield();
    atomic_store(&f->set, true);
}

static void sleep_a_while(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_sleep(300 * GO_MILLISECOND));
    atomic_store((atomic_bool *)arg, true);
}

/* The thread that keeps the time finds no processor when it wakes up. */
TEST(a_sleeper_wakes_up_though_one_who_came_back_from_a_region_computes)
{
    atomic_bool *awake = test_alloc(sizeof *awake);
    int64_t end = test_now() + 20 * GO_SECOND;
    struct crew *c;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    c = crew_start(1, sleep_a_while, awake);
    test_settle();
    go_blocking_begin();
    sleep_in_kernel(30);
    go_blocking_end();
    while (!atomic_load(awake) && test_now() < end)
        hog_for(GO_MILLISECOND);
    CHECK(atomic_load(awake));
    crew_wait(c);
}

TEST(regions_nest)
{
    struct flag *f = new_flag();
    struct crew *c;

    go_maxprocs(1);
    c = crew_start(1, nest_regions, f);
    for (int i = 0; i < 10; i++)
        go_yield();
    CHECK(!atomic_load(&f->set));
    CHECK_EQ(1, write(f->pipe[1], "x", 1));
    crew_wait(c);
    CHECK(atomic_load(&f->set));
    close_flag(f);
}

TEST(a_region_that_does_not_block_seldom_costs_a_handover)
{
    uint64_t before;

    go_maxprocs(2);
    before = stats().handovers;
    for (int i = 0; i < 100000; i++) {
        go_blocking_begin();
        go_blocking_end();
    }
    CHECK_BETWEEN(0, 1000, stats().handovers - before);
}

static void region_on_a_thread(void *arg, int index)
{
    (void)index;
    go_blocking_end(); /* no effect, so not even a panic */
    go_blocking_begin();
    go_blocking_begin();
    go_blocking_end();
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(a_region_has_no_effect_on_a_plain_thread)
{
    atomic_int *done = test_alloc(sizeof *done);

    crew_wait(crew_start_threads(2, region_on_a_thread, done));
    CHECK_EQ(2, atomic_load(done));
}

TEST(calls_that_do_not_block_are_allowed_in_a_region)
{
    go_chan *c = test_chan(sizeof(int), 1);
    go_mutex m = {0};
    go_waitgroup wg = {0};
    int value = 7;

    go_waitgroup_add(&wg, 1);
    go_blocking_begin();
    CHECK_EQ(0, go_send_until(c, &value, GO_NOW));
    CHECK_EQ(-EAGAIN, go_send_until(c, &value, GO_NOW));
    CHECK_EQ(1, go_chan_len(c));
    CHECK_EQ(0, go_recv_until(c, &value, GO_NOW));
    CHECK_EQ(0, go_mutex_lock_until(&m, GO_NOW));
    CHECK_EQ(0, go_mutex_unlock(&m));
    CHECK_EQ(0, go_waitgroup_done(&wg));
    CHECK_EQ(1, go_id());
    CHECK(go_now() > 0);
    go_blocking_end();
    CHECK_EQ(0, go_waitgroup_wait_until(&wg, GO_NOW));
}

struct wake_from_region {
    go_chan *c;
    atomic_int received;
};

static void receive_all(void *arg, int index)
{
    struct wake_from_region *w = arg;

    (void)index;
    while (go_recv(w->c, NULL) == 0)
        atomic_fetch_add(&w->received, 1);
}

TEST(a_goroutine_in_a_region_wakes_others)
{
    struct wake_from_region *w = test_alloc(sizeof *w);
    struct crew *c;

    w->c = test_chan(0, 1000);
    go_maxprocs(1);
    c = crew_start(2, receive_all, w);
    for (int i = 0; i < 100; i++) {
        go_blocking_begin();
        CHECK_EQ(0, go_send_until(w->c, NULL, GO_NOW));
        if (i % 10 == 0)
            sleep_in_kernel(2);
        go_blocking_end();
    }
    EVENTUALLY(atomic_load(&w->received) == 100);
    go_chan_close(w->c);
    crew_wait(c);
}

struct calls {
    atomic_bool stop;
    atomic_int started, stopped;
};

static void call_again_and_again(void *arg, int index)
{
    static const int us[] = {10, 100, 1000};
    struct calls *k = arg;

    atomic_fetch_add(&k->started, 1);
    while (!atomic_load(&k->stop)) {
        go_blocking_begin();
        usleep((useconds_t)us[index % 3]);
        go_blocking_end();
    }
    atomic_fetch_add(&k->stopped, 1);
}

TEST(goroutines_in_short_system_calls_all_start_and_stop)
{
    for (int length = 0; length < 3; length++) {
        struct calls *k = test_alloc(sizeof *k);
        struct crew *c;
        struct hogs *h;

        go_maxprocs(2);
        h = hogs_start(2, hog_arithmetic);
        c = crew_start(8, call_again_and_again, k);
        EVENTUALLY(atomic_load(&k->started) == 8);
        go_sleep(50 * GO_MILLISECOND);
        atomic_store(&k->stop, true);
        EVENTUALLY(atomic_load(&k->stopped) == 8);
        crew_wait(c);
        hogs_stop(h);
    }
}

static void region_in_a_storm(void *arg, int index)
{
    atomic_long *sum = arg;

    for (int i = 0; i < SCALED(1000); i++) {
        go_blocking_begin();
        if ((i + index) % 50 == 0)
            usleep(100);
        go_blocking_end();
        atomic_fetch_add(sum, 1);
        if (i % 7 == 0)
            go_yield();
    }
}

TEST(regions_begin_and_end_on_many_goroutines_at_once)
{
    atomic_long *sum = test_alloc(sizeof *sum);

    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        crew_run(20, region_in_a_storm, sum);
    }
    CHECK_EQ(3 * 20 * SCALED(1000), atomic_load(sum));
}
