/* Reading and writing descriptors blocks the goroutine, not the processor.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

struct ends {
    int here, there;
    int n;
    char *bytes;
    ptrdiff_t result;
    atomic_bool done;
};

static struct ends *new_pair(int type, int flags)
{
    struct ends *e = test_alloc(sizeof *e);
    int fds[2];

    CHECK_EQ(0, socketpair(AF_UNIX, type | flags | SOCK_CLOEXEC, 0, fds));
    e->here = fds[0];
    e->there = fds[1];
    return e;
}

static void close_pair(struct ends *e)
{
    CHECK_EQ(0, go_close(e->here));
    CHECK_EQ(0, go_close(e->there));
}

static void read_a_byte(void *arg)
{
    struct ends *e = arg;
    char byte = 0;

    e->result = go_read(e->there, &byte, 1);
    e->n = byte;
    atomic_store(&e->done, true);
}

TEST(a_read_blocks_until_there_is_something)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);

    test_start_until_blocked(read_a_byte, e);
    CHECK(!atomic_load(&e->done));
    CHECK_EQ(1, go_write(e->here, "x", 1));
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(1, e->result);
    CHECK_EQ('x', e->n);
    close_pair(e);
}

TEST(a_read_of_a_descriptor_that_blocks_keeps_no_processor)
{
    struct ends *e = new_pair(SOCK_STREAM, 0);

    go_maxprocs(1);
    CHECK(go(read_a_byte, e) == 0);
    go_sleep(GO_MILLISECOND);
    CHECK_EQ(1, go_write(e->here, "x", 1));
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(1, e->result);
    close_pair(e);
}

TEST(a_read_wakes_at_the_end_of_the_stream)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);

    test_start_until_blocked(read_a_byte, e);
    CHECK_EQ(0, shutdown(e->here, SHUT_WR));
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(0, e->result);
    close_pair(e);
}

TEST(closing_wakes_who_reads)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);

    test_start_until_blocked(read_a_byte, e);
    CHECK_EQ(0, go_close(e->there));
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(-EBADF, e->result);
    CHECK_EQ(0, go_close(e->here));
}

TEST(a_read_gives_up_at_its_deadline)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);
    char byte;

    CHECK_EQ(-EAGAIN, go_read_until(e->here, &byte, 1, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_read_until(e->here, &byte, 1, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_read_until(e->here, &byte, 1, deadline));
    CHECK_EQ(1, go_write(e->there, "x", 1));
    CHECK_EQ(1, go_read_until(e->here, &byte, 1, deadline));
    close_pair(e);
}

enum { BIG = 1 << 20 };

static void write_much(void *arg)
{
    struct ends *e = arg;

    e->result = go_write(e->there, e->bytes, BIG);
    atomic_store(&e->done, true);
}

TEST(a_write_writes_all_of_it)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    char *found = test_alloc(BIG);
    ptrdiff_t n, sum = 0;

    e->bytes = test_alloc(BIG);
    for (int i = 0; i < BIG; i++)
        e->bytes[i] = (char)(i * 7 + i / 1000);
    test_start_until_blocked(write_much, e);
    while (sum < BIG && (n = go_read(e->here, found + sum, (size_t)(BIG - sum))) > 0)
        sum += n;
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(BIG, e->result);
    CHECK_MEM(e->bytes, found, BIG);
    close_pair(e);
}

struct echo {
    int here, there;
    int rounds;
};

static void echo(void *arg)
{
    struct echo *e = arg;
    char byte;

    while (go_read(e->there, &byte, 1) == 1)
        CHECK_EQ(1, go_write(e->there, &byte, 1));
    CHECK_EQ(0, go_close(e->there));
}

static void call(void *arg, int index)
{
    struct echo *e = (struct echo *)arg + index;
    char byte;

    for (int i = 0; i < e->rounds; i++) {
        char sent = (char)i;

        CHECK_EQ(1, go_write(e->here, &sent, 1));
        CHECK_EQ(1, go_read(e->here, &byte, 1));
        CHECK_EQ(sent, byte);
    }
    CHECK_EQ(0, go_close(e->here));
}

static void check_echo(int procs, int pairs, int rounds)
{
    struct echo *all = test_alloc((size_t)pairs * sizeof *all);

    go_maxprocs(procs);
    for (int i = 0; i < pairs; i++) {
        struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);

        all[i] = (struct echo){e->here, e->there, rounds};
        CHECK(go(echo, &all[i]) == 0);
    }
    crew_run(pairs, call, all);
}

TEST(many_pairs_talk_at_the_same_time)
{
    check_echo(1, 1, SCALED(20000));
    check_echo(2, 1, SCALED(20000));
    check_echo(2, 100, SCALED(500));
    check_echo(8, 100, SCALED(500));
}

TEST(pairs_talk_behind_hogs)
{
    struct hogs *h;

    NEEDS_PREEMPTION();
    go_maxprocs(2);
    h = hogs_start(4, hog_arithmetic);
    check_echo(2, 3, SCALED(1000));
    hogs_stop(h);
}
