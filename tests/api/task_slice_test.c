/* Slices: how long a goroutine runs while others wait, that they share fairly, and that nobody starves.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "child.h"
#include "hogs.h"

TEST(slice_sets_the_time_and_gives_the_one_before)
{
    int64_t at_start = go_slice(0);

    CHECK_EQ(at_start, go_slice(5 * GO_MILLISECOND));
    CHECK_EQ(5 * GO_MILLISECOND, go_slice(0));
    CHECK_EQ(5 * GO_MILLISECOND, go_slice(-1));
    CHECK_EQ(5 * GO_MILLISECOND, go_slice(INT64_MIN));
    CHECK_EQ(5 * GO_MILLISECOND, go_slice(GO_SECOND));
    CHECK_EQ(GO_SECOND, go_slice(at_start));
}

TEST(slice_raises_what_is_too_short_and_lowers_what_is_too_long)
{
    go_slice(1);
    CHECK_EQ(20 * GO_MICROSECOND, go_slice(0));
    go_slice(20 * GO_MICROSECOND - 1);
    CHECK_EQ(20 * GO_MICROSECOND, go_slice(0));
    go_slice(10 * GO_SECOND + 1);
    CHECK_EQ(10 * GO_SECOND, go_slice(0));
    go_slice(INT64_MAX);
    CHECK_EQ(10 * GO_SECOND, go_slice(0));
}

static int64_t start_slice(void)
{
    const char *text = getenv("GOROUTINE_SLICE");
    int64_t ns = text ? atoll(text) * GO_MICROSECOND : 0;

    if (ns <= 0)
        return GO_MILLISECOND;
    return ns < 20 * GO_MICROSECOND ? 20 * GO_MICROSECOND : ns > 10 * GO_SECOND ? 10 * GO_SECOND : ns;
}

TEST(the_slice_of_the_start_is_1_ms_or_the_environments)
{
    CHECK_EQ(start_slice(), go_slice(0));
}

TEST(the_environment_sets_the_slice_in_microseconds)
{
    static const char *const values[] = {NULL, "20", "500", "2000000", "1", "9999999999", ""};

    NEEDS_CHILDREN();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        CHECK(child_passes("slice of the start", "GOROUTINE_SLICE", values[i]));
}

static uint64_t preemptions_in_half_a_second(int64_t slice)
{
    struct go_stats before = {0}, after = {0};
    int64_t end;

    go_slice(slice);
    go_stats_read(&before, sizeof before);
    for (end = go_now() + GO_SECOND / 2; go_now() < end;)
        go_sleep(GO_SECOND / 2);
    go_stats_read(&after, sizeof after);
    return after.preemptions - before.preemptions;
}

TEST(a_shorter_slice_takes_goroutines_off_more_often)
{
    struct hogs *h;
    uint64_t rarely = 0, often = 0;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    h = hogs_start(2, hog_arithmetic);
    for (int i = 0; i < 4; i++) { /* by turns: other programs take their time from both */
        rarely += preemptions_in_half_a_second(50 * GO_MILLISECOND);
        often += preemptions_in_half_a_second(GO_MILLISECOND);
    }
    hogs_stop(h);
    CHECK(rarely > 0);
    CHECK(often > 3 * rarely);
}

/* The most and the least turns of n hogs since `before`. */
static bool turns_are_equal(struct hogs *h, int n, const unsigned long *before)
{
    unsigned long least = ULONG_MAX, most = 0;

    for (int i = 0; i < n; i++) {
        unsigned long turns = hogs_turns(h, i) - before[i];

        least = turns < least ? turns : least;
        most = turns > most ? turns : most;
    }
    if (most <= 2 * least + 2)
        return true;
    test_note("%d hogs: most %lu, least %lu", n, most, least);
    return false;
}

static bool all_have_moved(struct hogs *h, int n, unsigned long *last)
{
    bool moved = true;

    for (int i = 0; i < n; i++) {
        unsigned long turns = hogs_turns(h, i);

        moved &= turns != last[i];
        last[i] = turns;
    }
    return moved;
}

/* Another program may slow down one of the processors for a while, and so those that run there just then: in the long run it must
 * be equal. Nobody may be left standing meanwhile. */
static void check_fair(int procs, int n)
{
    unsigned long before[HOGS_MAX] = {0}, last[HOGS_MAX];
    bool equal = false;
    struct hogs *h;

    go_maxprocs(procs);
    h = hogs_start(n, hog_arithmetic);
    go_sleep(GO_SECOND / 10);
    all_have_moved(h, n, before);
    memcpy(last, before, sizeof(last));
    for (int i = 0; i < 10 && !equal; i++) {
        go_sleep(2 * GO_SECOND);
        CHECK(all_have_moved(h, n, last));
        equal = turns_are_equal(h, n, before);
    }
    hogs_stop(h);
    CHECK(equal);
}

TEST(four_hogs_get_equal_shares_of_one_processor)
{
    NEEDS_PREEMPTION();
    check_fair(1, 4);
}

TEST(four_hogs_get_equal_shares_of_two_processors)
{
    NEEDS_PREEMPTION();
    check_fair(2, 4);
}

TEST(eight_hogs_get_equal_shares_of_two_processors)
{
    NEEDS_PREEMPTION();
    check_fair(2, 8);
}

TEST(five_hogs_get_equal_shares_of_two_processors)
{
    NEEDS_PREEMPTION();
    check_fair(2, 5);
}

struct busy {
    atomic_bool stop;
    int descriptor;
    atomic_ulong turns[8];
};

/* Between two calls some 20 us of its own: only there it can be taken off as yet. A loop of bare calls cannot: a signal from
 * another processor is seen at the end of a call, inside libc, before the interrupt that was to announce it arrives. */
static void write_for_ever(void *arg, int index)
{
    struct busy *b = arg;

    for (; !atomic_load(&b->stop); atomic_fetch_add(&b->turns[index], 1)) {
        volatile int between = 30000;

        CHECK_EQ(1, write(b->descriptor, ".", 1));
        while (between > 0)
            between--;
    }
}

TEST(goroutines_that_make_system_calls_all_the_time_do_not_keep_main_asleep)
{
    struct busy *b = test_alloc(sizeof *b);
    int64_t begin = test_now();
    struct crew *c;

    NEEDS_PREEMPTION();
    b->descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
    go_maxprocs(1);
    c = crew_start(2, write_for_ever, b);
    for (int i = 0; i < 5; i++)
        go_sleep(10 * GO_MILLISECOND);
    CHECK_BETWEEN(0, 20 * GO_SECOND, test_now() - begin);
    EVENTUALLY(atomic_load(&b->turns[0]) > 0 && atomic_load(&b->turns[1]) > 0);
    atomic_store(&b->stop, true);
    crew_wait(c);
    close(b->descriptor);
}

static void allocate_for_ever(void *arg, int index)
{
    struct busy *b = arg;

    for (; !atomic_load(&b->stop); atomic_fetch_add(&b->turns[index], 1)) {
        char *volatile bytes = malloc(100);

        CHECK(bytes != NULL);
        memset(bytes, index, 100);
        CHECK_EQ(index, bytes[99]);
        free(bytes);
    }
}

TEST(three_goroutines_that_allocate_all_the_time_each_get_to_run)
{
    struct busy *b = test_alloc(sizeof *b);
    struct crew *c;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    c = crew_start(3, allocate_for_ever, b);
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 3; i++) {
            unsigned long before = atomic_load(&b->turns[i]);
            EVENTUALLY(atomic_load(&b->turns[i]) != before);
        }
    atomic_store(&b->stop, true);
    crew_wait(c);
}

struct pair {
    atomic_bool *stop;
    go_chan *wake;
    unsigned long steps;
    atomic_ulong count;
};

static void work_when_woken(void *arg, int index)
{
    struct pair *p = arg;

    (void)index;
    for (;;) {
        if (go_recv(p->wake, NULL) != 0)
            return;
        for (unsigned long i = 0; i < p->steps; i++)
            atomic_fetch_add_explicit(&p->count, 1, memory_order_relaxed);
        if (atomic_load(p->stop) || go_send(p->wake, NULL) != 0)
            break;
    }
    go_chan_close(p->wake);
}

static struct crew *start_pair(struct pair *p, atomic_bool *stop, unsigned long steps)
{
    struct crew *c;

    p->stop = stop;
    p->wake = test_chan(0, 0);
    p->steps = steps;
    c = crew_start(2, work_when_woken, p);
    go_send(p->wake, NULL);
    return c;
}

TEST(a_pair_that_works_long_and_a_pair_that_works_short_share_the_processor)
{
    struct pair *p = test_alloc(2 * sizeof *p);
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *heavy, *light;
    unsigned long most, least;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    heavy = start_pair(&p[0], stop, 1000000);
    light = start_pair(&p[1], stop, 1000);
    go_sleep(GO_SECOND);
    most = atomic_load(&p[0].count);
    least = atomic_load(&p[1].count);
    atomic_store(stop, true);
    crew_wait(heavy);
    crew_wait(light);
    if (most < least) {
        unsigned long other = most;
        most = least;
        least = other;
    }
    if (!CHECK(most / 20 <= least))
        test_note("%lu to %lu", most, least);
}

TEST(a_pair_that_keeps_waking_each_other_does_not_keep_others_from_the_processor)
{
    struct pair *p = test_alloc(sizeof *p);
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *c;
    struct hogs *h;

    go_maxprocs(1);
    c = start_pair(p, stop, 1);
    h = hogs_start(1, hog_counting);
    for (int i = 0; i < 10; i++) {
        hogs_wait_for_turn(h, 0);
        go_yield();
    }
    atomic_store(stop, true);
    crew_wait(c);
    hogs_stop(h);
}

enum { CALLS = 21 };

struct caller {
    struct pair *pair;
    go_chan *chan; /* of what the pair had counted at the call */
};

static void call_from_outside(void *arg, int index)
{
    struct caller *c = arg;

    (void)index;
    for (int i = 0; i < CALLS; i++) {
        unsigned long count;

        go_sleep(5 * GO_MILLISECOND); /* so that somebody waits for the call, mostly */
        count = atomic_load(&c->pair->count);
        CHECK_EQ(0, go_send(c->chan, &count));
    }
}

static int compare(const void *left, const void *right)
{
    const unsigned long *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* A slice is some thousands of its steps. */
TEST(a_pair_that_keeps_waking_each_other_does_not_keep_waiting_who_is_woken_by_a_plain_thread)
{
    struct caller *c = test_alloc(sizeof *c);
    atomic_bool *stop = test_alloc(sizeof *stop);
    unsigned long passed[CALLS];
    struct crew *pair, *thread;

    go_maxprocs(1);
    c->pair = test_alloc(sizeof *c->pair);
    c->chan = test_chan(sizeof passed[0], 0);
    pair = start_pair(c->pair, stop, 1);
    thread = crew_start_threads(1, call_from_outside, c);
    for (int i = 0; i < CALLS; i++) {
        unsigned long count = 0;

        CHECK_EQ(0, go_recv(c->chan, &count));
        passed[i] = atomic_load(&c->pair->count) - count;
    }
    atomic_store(stop, true);
    crew_wait(thread);
    crew_wait(pair);
    qsort(passed, CALLS, sizeof passed[0], compare);
    if (!CHECK(passed[CALLS / 2] < 200000))
        test_note("median %lu steps", passed[CALLS / 2]);
}

TEST(who_wakes_up_need_not_wait_for_the_rest_of_a_hogs_slice)
{
    struct hogs *h;
    int64_t begin;

    go_maxprocs(1);
    go_slice(10 * GO_SECOND);
    h = hogs_start(2, hog_arithmetic);
    begin = test_now();
    for (int i = 0; i < 5; i++)
        go_sleep(GO_MILLISECOND);
    CHECK_BETWEEN(0, 5 * GO_SECOND, test_now() - begin);
    go_slice(GO_MILLISECOND);
    hogs_stop(h);
}
