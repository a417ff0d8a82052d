/* Deadlines of waits for descriptors, of every length, many times, against what they race with.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "net.h"
#include "sanitizers.h"

/* ---- one of each ---- */

static void check_late(enum net_what what, int fd, int64_t deadline)
{
    struct net_call *c = net_start_until(what, fd, deadline);

    CHECK_EQ(-ETIMEDOUT, net_result(c));
    CHECK(go_now() >= deadline);
}

TEST(every_wait_ends_at_its_deadline_and_not_before)
{
    static const int64_t delays[] = {-5 * GO_SECOND, -1, 0, 1, GO_MICROSECOND, GO_MILLISECOND, 50 * GO_MILLISECOND};
    int ends[2], listener;
    char words[NET_WORDS];

    net_unix_pair(SOCK_STREAM, ends);
    listener = net_listen(words);
    net_fill(ends[0]);
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        check_late(NET_READ, ends[0], go_now() + delays[i]);
        check_late(NET_WRITE, ends[0], go_now() + delays[i]);
        check_late(NET_WAIT_READABLE, ends[0], go_now() + delays[i]);
        check_late(NET_WAIT_EITHER, ends[0], go_now() + delays[i]);
        check_late(NET_ACCEPT, listener, go_now() + delays[i]);
    }
    CHECK_EQ(0, go_close(listener));
    net_close_both(ends);
}

struct dials {
    char words[NET_WORDS];
};

static void dial_late(void *arg, int index)
{
    struct dials *d = arg;
    int64_t deadline = go_now() + (index - 2) * 10 * GO_MILLISECOND;

    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", d->words, deadline));
    CHECK(go_now() >= deadline);
}

TEST(every_dial_ends_at_its_deadline_and_not_before)
{
    struct net_silent *s = test_alloc(sizeof *s);
    struct dials *d = test_alloc(sizeof *d);

    net_silent_start(s, "127.0.0.1", 0);
    memcpy(d->words, s->words, sizeof d->words);
    crew_run(20, dial_late, d);
    net_silent_stop(s);
}

/* ---- various deadlines: a server that writes without end, a client that reads until its moment has come ---- */

static void write_for_ever(void *arg)
{
    int fd = (int)(intptr_t)arg;
    static const char bytes[65536];
    ptrdiff_t n;

    while ((n = go_write(fd, bytes, sizeof bytes)) == sizeof bytes)
        ;
    CHECK_EQ(0, go_close(fd));
}

static void check_deadline(int64_t delay)
{
    int ends[2];
    int64_t deadline;
    static char bytes[1 << 20];
    ptrdiff_t n;

    net_tcp_pair(ends);
    CHECK_EQ(0, go(write_for_ever, (void *)(intptr_t)ends[1]));
    deadline = go_deadline(delay);
    while ((n = go_now() < deadline ? go_read_until(ends[0], bytes, sizeof bytes, deadline) : -ETIMEDOUT) > 0)
        ;
    CHECK_EQ(-ETIMEDOUT, n);
    CHECK_BETWEEN(0, 10 * GO_SECOND, go_now() - deadline);
    CHECK_EQ(0, go_close(ends[0]));
    EVENTUALLY(go_count() == 1);
}

static void check_deadlines(int procs)
{
    static const int64_t delays[] = {1,     2,      5,      50,      100,     200,       500,       750,       1000,      5000,
                                     25000, 250000, 500000, 1000000, 5000000, 100000000, 250000000, 500000000, 1000000000};

    go_maxprocs(procs);
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
        for (int run = 0; run < 3; run++)
            check_deadline(delays[i]);
}

TEST(deadlines_of_any_length_are_kept_on_one_processor)
{
    check_deadlines(1);
}

TEST(deadlines_of_any_length_are_kept_on_four_processors)
{
    check_deadlines(4);
}

/* ---- again and again ---- */

/* None of them comes early, and they do not add up: the sum of what is waited for is what was asked for, and some. */
TEST(deadlines_one_after_the_other_are_all_kept)
{
    int ends[2], listener;
    char words[NET_WORDS], byte;
    int64_t begin = go_now(), sum = 0;

    net_unix_pair(SOCK_STREAM, ends);
    listener = net_listen(words);
    net_fill(ends[0]);
    for (int i = 0; i < SCALED(100); i++) {
        int64_t delay = (1 + i % 5) * GO_MILLISECOND;

        CHECK_EQ(-ETIMEDOUT, go_read_until(ends[0], &byte, 1, go_deadline(delay)));
        CHECK_EQ(-ETIMEDOUT, go_write_until(ends[0], "x", 1, go_deadline(delay)));
        CHECK_EQ(-ETIMEDOUT, go_accept_until(listener, go_deadline(delay)));
        sum += 3 * delay;
    }
    CHECK_BETWEEN(sum, sum + 30 * GO_SECOND, go_now() - begin);
    CHECK_EQ(0, go_close(listener));
    net_close_both(ends);
}

struct prolonged {
    int ends[2];
    int rounds;
};

static void send_bytes(void *arg, int index)
{
    struct prolonged *p = arg;

    for (int i = 0; i < p->rounds; i++)
        CHECK_EQ(1, go_write_until(p->ends[index], "x", 1, go_deadline(60 * GO_SECOND)));
}

static void take_bytes(void *arg, int index)
{
    struct prolonged *p = arg;
    char byte;

    for (int i = 0; i < p->rounds; i++)
        if (!CHECK_EQ(1, go_read_until(p->ends[index], &byte, 1, go_deadline(60 * GO_SECOND))))
            return;
}

TEST(a_deadline_that_is_moved_on_never_comes)
{
    struct prolonged *p = test_alloc(sizeof *p);
    struct crew *writers;

    go_maxprocs(2);
    net_tcp_pair(p->ends);
    p->rounds = SCALED(2000);
    writers = crew_start(2, send_bytes, p);
    crew_run(2, take_bytes, p);
    crew_wait(writers);
    net_close_both(p->ends);
}

/* ---- against what comes at the same moment ---- */

struct race {
    int ends[2];
    int rounds;
    atomic_int received, timed_out;
    atomic_bool end;
};

static void read_with_short_deadlines(void *arg, int index)
{
    struct race *r = arg;
    char byte;

    for (;;) {
        ptrdiff_t n = go_read_until(r->ends[0], &byte, 1, go_deadline((index + 1) * 2 * GO_MICROSECOND));

        if (n == 1) {
            atomic_fetch_add(&r->received, 1);
        } else if (n == 0) {
            return;
        } else if (!CHECK_EQ(-ETIMEDOUT, n)) {
            return;
        } else {
            atomic_fetch_add(&r->timed_out, 1);
        }
    }
}

static void write_with_pauses(void *arg, int index)
{
    struct race *r = arg;

    (void)index;
    for (int i = 0; i < r->rounds; i++) {
        CHECK_EQ(1, go_write_until(r->ends[1], "x", 1, go_deadline(60 * GO_SECOND)));
        if (i % 8 == 0)
            CHECK_EQ(0, go_sleep(i % 7 * GO_MICROSECOND));
    }
}

/* Each byte wakes one reader or lies there for the next: no deadline swallows one. */
TEST(a_deadline_that_races_with_what_comes_loses_nothing)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct race *r = test_alloc(sizeof *r);
        struct crew *readers;

        go_maxprocs(procs);
        net_tcp_pair(r->ends);
        r->rounds = SCALED(3000);
        readers = crew_start(3, read_with_short_deadlines, r);
        crew_run(2, write_with_pauses, r);
        CHECK_EQ(0, go_shutdown(r->ends[1], GO_WRITABLE));
        crew_wait(readers);
        CHECK_EQ(2 * r->rounds, atomic_load(&r->received));
        CHECK(atomic_load(&r->timed_out) > 0);
        net_close_both(r->ends);
    }
}

static void write_with_short_deadlines(void *arg, int index)
{
    struct race *r = arg;
    static const char bytes[4096];

    while (!atomic_load(&r->end)) {
        ptrdiff_t n = go_write_until(r->ends[1], bytes, sizeof bytes, go_deadline((index + 1) * 2 * GO_MICROSECOND));

        if (n > 0)
            atomic_fetch_add(&r->received, (int)n);
        else if (!CHECK_EQ(-ETIMEDOUT, n))
            return;
    }
}

/* What is counted is what arrives. */
TEST(a_deadline_that_races_with_room_counts_what_was_written)
{
    for (int procs = 1; procs <= 4; procs *= 4) {
        struct race *r = test_alloc(sizeof *r);
        struct crew *writers;
        static char bytes[3000];
        ptrdiff_t n;
        int64_t sum = 0, most = SCALED(20) << 20;

        go_maxprocs(procs);
        net_tcp_pair(r->ends);
        writers = crew_start(3, write_with_short_deadlines, r);
        while (sum < most && (n = go_read(r->ends[0], bytes, sizeof bytes)) > 0)
            sum += n;
        atomic_store(&r->end, true);
        crew_wait(writers);
        CHECK_EQ(0, go_shutdown(r->ends[1], GO_WRITABLE));
        while ((n = go_read(r->ends[0], bytes, sizeof bytes)) > 0)
            sum += n;
        CHECK_EQ(sum, atomic_load(&r->received));
        net_close_both(r->ends);
    }
}
