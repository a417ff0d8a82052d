/* Wait groups: waiting until the counter is zero.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

struct group {
    go_waitgroup wg, wg2;
    atomic_int done;
};

static void count_off(void *arg, int index)
{
    struct group *g = arg;

    if (index % 3 == 0)
        go_yield();
    atomic_fetch_add(&g->done, 1);
    CHECK_EQ(0, go_waitgroup_done(&g->wg));
}

static void check_wait(int n, int threads)
{
    struct group *g = test_alloc(sizeof *g);
    struct crew *c[2];

    CHECK_EQ(0, go_waitgroup_add(&g->wg, n + threads));
    c[0] = crew_start(n, count_off, g);
    c[1] = crew_start_threads(threads, count_off, g);
    CHECK_EQ(0, go_waitgroup_wait(&g->wg));
    CHECK_EQ(n + threads, atomic_load(&g->done));
    crew_wait(c[0]);
    crew_wait(c[1]);
}

TEST(wait_returns_when_the_counter_comes_to_zero)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        check_wait(1, 0);
        check_wait(16, 0);
        check_wait(1000, 0);
        check_wait(16, 4);
        check_wait(0, 4);
    }
}

TEST(wait_on_zero_returns_at_once)
{
    go_waitgroup wg = {0};

    CHECK_EQ(0, go_waitgroup_wait(&wg));
    CHECK_EQ(0, go_waitgroup_wait_until(&wg, GO_NOW));
    CHECK_EQ(0, go_waitgroup_add(&wg, 0));
    CHECK_EQ(0, go_waitgroup_wait_until(&wg, GO_FOREVER));
    CHECK_EQ(0, go_waitgroup_add(&wg, 3));
    CHECK_EQ(0, go_waitgroup_add(&wg, -3));
    CHECK_EQ(0, go_waitgroup_wait(&wg));
}

static void arrive_and_meet(void *arg, int index)
{
    struct group *g = arg;

    (void)index;
    CHECK_EQ(0, go_waitgroup_done(&g->wg));
    CHECK_EQ(0, go_waitgroup_wait(&g->wg2));
    atomic_fetch_add(&g->done, 1);
}

static void check_meeting(int n, int threads)
{
    struct group *g = test_alloc(sizeof *g);
    struct crew *c[2];

    CHECK_EQ(0, go_waitgroup_add(&g->wg, n + threads));
    CHECK_EQ(0, go_waitgroup_add(&g->wg2, 1));
    c[0] = crew_start(n, arrive_and_meet, g);
    c[1] = crew_start_threads(threads, arrive_and_meet, g);
    CHECK_EQ(0, go_waitgroup_wait(&g->wg));
    test_settle();
    CHECK_EQ(0, atomic_load(&g->done));
    CHECK_EQ(0, go_waitgroup_done(&g->wg2));
    crew_wait(c[0]);
    crew_wait(c[1]);
    CHECK_EQ(n + threads, atomic_load(&g->done));
}

TEST(many_may_wait_on_one_counter)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        check_meeting(1, 0);
        check_meeting(100, 0);
        check_meeting(10, 3);
    }
}

TEST(a_wait_group_may_be_used_again)
{
    struct group *g = test_alloc(sizeof *g);

    for (int round = 1; round <= 100; round++) {
        CHECK_EQ(0, go_waitgroup_add(&g->wg, 10));
        crew_run(10, count_off, g);
        CHECK_EQ(0, go_waitgroup_wait(&g->wg));
        CHECK_EQ(10 * round, atomic_load(&g->done));
    }
}

static void work_and_count_off(void *arg)
{
    struct group *g = arg;

    atomic_fetch_add(&g->done, 1);
    go_waitgroup_done(&g->wg);
}

/* The last one out and the wait race with each other, and with the next round. */
TEST(the_wait_and_the_last_done_may_meet_at_the_same_moment)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct group *g = test_alloc(sizeof *g);

        go_maxprocs(procs);
        for (int round = 1; round <= SCALED(3000); round++) {
            CHECK_EQ(0, go_waitgroup_add(&g->wg, 2));
            go_spawn(work_and_count_off, g);
            go_spawn(work_and_count_off, g);
            if (!CHECK_EQ(0, go_waitgroup_wait(&g->wg)) || !CHECK_EQ(2 * round, atomic_load(&g->done)))
                return;
        }
    }
}

static void wait_group_on_the_stack(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(300); i++) {
        struct group g = {0};

        go_waitgroup_add(&g.wg, 1);
        go_spawn(work_and_count_off, &g);
        go_waitgroup_wait(&g.wg); /* afterwards nobody touches it */
        CHECK_EQ(1, atomic_load(&g.done));
        memset(&g, 0xff, sizeof g);
    }
}

TEST(a_wait_group_may_go_away_when_the_wait_has_returned)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        crew_run(8, wait_group_on_the_stack, NULL);
        crew_wait(crew_start_threads(2, wait_group_on_the_stack, NULL));
    }
}

static void count_off_once(void *arg, int index)
{
    struct group *groups = arg;

    (void)index;
    for (int i = 0; i < SCALED(300); i++) {
        while (!atomic_load(&groups[i].done))
            ;
        go_waitgroup_done(&groups[i].wg);
    }
}

static bool all_ones(const void *at, size_t size)
{
    const unsigned char *bytes = at;

    while (size && bytes[size - 1] == 0xff)
        size--;
    return size == 0;
}

/* A wait that gave up leaves a mark behind, so that the last done looks for somebody to wake, though there is nobody. */
TEST(a_wait_group_may_go_away_also_after_a_wait_that_gave_up)
{
    int n = SCALED(300);
    struct group *groups = test_alloc((size_t)n * sizeof *groups);
    struct crew *thread;

    NEEDS_THREADS(); /* both spin */
    thread = crew_start_threads(1, count_off_once, groups);
    for (int i = 0; i < n; i++) {
        go_waitgroup_add(&groups[i].wg, 1);
        CHECK_EQ(-ETIMEDOUT, go_waitgroup_wait_until(&groups[i].wg, go_deadline(GO_MICROSECOND)));
        atomic_store(&groups[i].done, 1);
        while (go_waitgroup_wait_until(&groups[i].wg, GO_NOW) != 0)
            ;
        memset(&groups[i].wg, 0xff, sizeof groups[i].wg);
    }
    crew_wait(thread);
    for (int i = 0; i < n; i++)
        CHECK(all_ones(&groups[i].wg, sizeof groups[i].wg));
}

struct up_and_down {
    go_waitgroup wg;
    atomic_int counting;
};

static void count_up_and_down(void *arg, int index)
{
    struct up_and_down *u = arg;

    (void)index;
    for (int i = 0; i < SCALED(200000); i++) {
        CHECK_EQ(0, go_waitgroup_add(&u->wg, 1));
        CHECK_EQ(0, go_waitgroup_done(&u->wg));
    }
    atomic_fetch_sub(&u->counting, 1);
}

TEST(no_count_is_lost_where_one_comes_to_zero_while_another_adds)
{
    struct up_and_down *u = test_alloc(sizeof *u);

    NEEDS_THREADS(); /* main waits for what mostly need not be waited for */
    go_maxprocs(4);
    atomic_store(&u->counting, 4);
    struct crew *threads = crew_start_threads(2, count_up_and_down, u);
    struct crew *goroutines = crew_start(2, count_up_and_down, u);
    while (atomic_load(&u->counting))
        go_waitgroup_wait_until(&u->wg, go_deadline(GO_MICROSECOND)); /* one that gives up leaves its mark */
    crew_wait(goroutines);
    crew_wait(threads);
    CHECK_EQ(0, go_waitgroup_wait_until(&u->wg, GO_NOW));
}

TEST(trying_and_deadlines_end_the_wait)
{
    go_waitgroup wg = {0};
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(0, go_waitgroup_add(&wg, 1));
    CHECK_EQ(-EAGAIN, go_waitgroup_wait_until(&wg, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_waitgroup_wait_until(&wg, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_waitgroup_wait_until(&wg, 1));
    CHECK_EQ(-ETIMEDOUT, go_waitgroup_wait_until(&wg, -1));
    CHECK_EQ(0, go_waitgroup_done(&wg));
    CHECK_EQ(0, go_waitgroup_wait_until(&wg, go_deadline(GO_SECOND)));
}

static void wait_with_deadlines(void *arg, int index)
{
    struct group *g = arg;

    for (int i = 0; i < SCALED(500); i++) {
        int got = go_waitgroup_wait_until(&g->wg, go_deadline((1 + (i + index) % 50) * GO_MICROSECOND));
        if (got == 0)
            break;
        CHECK_EQ(-ETIMEDOUT, got);
    }
    CHECK_EQ(0, go_waitgroup_wait(&g->wg));
}

TEST(waits_that_end_by_their_deadlines_leave_the_others_waiting)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct group *g = test_alloc(sizeof *g);
        struct crew *c;

        go_maxprocs(procs);
        CHECK_EQ(0, go_waitgroup_add(&g->wg, 1));
        c = crew_start(10, wait_with_deadlines, g);
        go_sleep(5 * GO_MILLISECOND);
        CHECK_EQ(0, go_waitgroup_done(&g->wg));
        crew_wait(c);
    }
}

TEST(a_counter_that_would_pass_the_limit_stays_as_it_was)
{
    go_waitgroup wg = {0};

    CHECK_EQ(0, go_waitgroup_add(&wg, INT32_MAX));
    CHECK_EQ(-EOVERFLOW, go_waitgroup_add(&wg, 1));
    CHECK_EQ(-EOVERFLOW, go_waitgroup_add(&wg, INT32_MAX));
    CHECK_EQ(0, go_waitgroup_add(&wg, -INT32_MAX + 1));
    CHECK_EQ(-EAGAIN, go_waitgroup_wait_until(&wg, GO_NOW));
    CHECK_EQ(0, go_waitgroup_done(&wg));
    CHECK_EQ(0, go_waitgroup_wait(&wg));
}

TEST(null_is_refused)
{
    CHECK_EQ(-EINVAL, go_waitgroup_add(NULL, 1));
    CHECK_EQ(-EINVAL, go_waitgroup_done(NULL));
    CHECK_EQ(-EINVAL, go_waitgroup_wait(NULL));
    CHECK_EQ(-EINVAL, go_waitgroup_wait_until(NULL, GO_NOW));
}
