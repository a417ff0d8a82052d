/* Reading and writing descriptors blocks the goroutine, not the processor.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "hogs.h"
#include "net.h"
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

/* A pair at whose other end somebody waits for a byte. */
static struct ends *new_reader(void)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);

    test_start_until_blocked(read_a_byte, e);
    CHECK(!atomic_load(&e->done));
    return e;
}

static void check_read(ptrdiff_t expected, struct ends *e)
{
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(expected, e->result);
}

TEST(a_read_blocks_until_there_is_something)
{
    struct ends *e = new_reader();

    CHECK_EQ(1, go_write(e->here, "x", 1));
    check_read(1, e);
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
    check_read(1, e);
    close_pair(e);
}

TEST(a_read_wakes_at_the_end_of_the_stream)
{
    struct ends *e = new_reader();

    CHECK_EQ(0, shutdown(e->here, SHUT_WR));
    check_read(0, e);
    close_pair(e);
}

TEST(closing_wakes_who_reads)
{
    struct ends *e = new_reader();

    CHECK_EQ(0, go_close(e->there));
    check_read(-EBADF, e);
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

    net_copy(e->there, e->there, &byte, 1);
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

/* ---- being ready ---- */

struct waits {
    int fd, events;
    int64_t deadline;
    int result;
    atomic_bool done;
};

static void wait_ready(void *arg)
{
    struct waits *w = arg;

    w->result = go_wait_fd(w->fd, w->events, w->deadline);
    atomic_store(&w->done, true);
}

static struct waits *new_waits(int fd, int events)
{
    struct waits *w = test_alloc(sizeof *w);

    *w = (struct waits){.fd = fd, .events = events, .deadline = GO_FOREVER};
    return w;
}

TEST(what_is_ready_is_said_at_once)
{
    struct ends *e = new_pair(SOCK_STREAM, 0);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    CHECK_EQ(GO_WRITABLE, go_wait_fd(e->here, GO_READABLE | GO_WRITABLE, GO_FOREVER));
    CHECK_EQ(GO_WRITABLE, go_wait_fd(e->here, GO_WRITABLE, GO_NOW));
    CHECK_EQ(1, go_write(e->there, "x", 1));
    CHECK_EQ(GO_READABLE, go_wait_fd(e->here, GO_READABLE, GO_FOREVER));
    CHECK_EQ(GO_READABLE | GO_WRITABLE, go_wait_fd(e->here, GO_READABLE | GO_WRITABLE, GO_FOREVER));
    CHECK_EQ(GO_READABLE, go_wait_fd(file, GO_READABLE, GO_FOREVER));
    CHECK_EQ(0, go_close(file));
    close_pair(e);
}

TEST(waiting_gives_up_at_its_deadline)
{
    struct ends *e = new_pair(SOCK_STREAM, 0);
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(-EAGAIN, go_wait_fd(e->here, GO_READABLE, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_wait_fd(e->here, GO_READABLE, deadline));
    CHECK(go_now() >= deadline);
    close_pair(e);
}

TEST(waiting_for_nothing_or_the_unknown_is_an_error)
{
    CHECK_EQ(-EINVAL, go_wait_fd(0, 0, GO_NOW));
    CHECK_EQ(-EINVAL, go_wait_fd(0, 4, GO_NOW));
    CHECK_EQ(-EBADF, go_wait_fd(-1, GO_READABLE, GO_NOW));
    CHECK_EQ(-EBADF, go_wait_fd(987, GO_READABLE, GO_NOW));
}

TEST(what_is_read_in_part_is_still_ready)
{
    struct ends *e = new_pair(SOCK_STREAM, 0);
    char byte;

    CHECK_EQ(3, go_write(e->there, "abc", 3));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(GO_READABLE, go_wait_fd(e->here, GO_READABLE, GO_FOREVER));
        CHECK_EQ(1, read(e->here, &byte, 1));
    }
    CHECK_EQ(-EAGAIN, go_wait_fd(e->here, GO_READABLE, GO_NOW));
    close_pair(e);
}

TEST(waiting_wakes_when_it_is_ready)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    char filler[4096] = {0};
    struct waits *one = new_waits(e->here, GO_READABLE), *both = new_waits(e->here, GO_READABLE | GO_WRITABLE);

    while (write(e->here, filler, sizeof filler) > 0)
        ;
    test_start_until_blocked(wait_ready, one);
    test_start_until_blocked(wait_ready, both);
    while (read(e->there, filler, sizeof filler) > 0)
        ;
    EVENTUALLY(atomic_load(&both->done));
    CHECK_EQ(GO_WRITABLE, both->result);
    CHECK(!atomic_load(&one->done));
    CHECK_EQ(1, go_write(e->there, "x", 1));
    EVENTUALLY(atomic_load(&one->done));
    CHECK_EQ(GO_READABLE, one->result);
    close_pair(e);
}

TEST(closing_wakes_who_waits_for_either)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    char filler[4096] = {0};
    struct waits *w = new_waits(e->here, GO_READABLE | GO_WRITABLE);

    while (write(e->here, filler, sizeof filler) > 0)
        ;
    test_start_until_blocked(wait_ready, w);
    CHECK_EQ(0, go_close(e->here));
    EVENTUALLY(atomic_load(&w->done));
    CHECK_EQ(-EBADF, w->result);
    CHECK_EQ(0, go_close(e->there));
}

/* ---- many at one descriptor ---- */

enum { READERS = 8, MESSAGES = 2000 };

struct shared_end {
    int fd;
    atomic_int taken, ended;
};

static void take_messages(void *arg, int index)
{
    struct shared_end *s = arg;
    int message;

    (void)index;
    while (go_read(s->fd, &message, sizeof message) == sizeof message && message >= 0)
        atomic_fetch_add(&s->taken, 1);
    atomic_fetch_add(&s->ended, 1);
}

TEST(readers_of_one_socket_share_what_comes_and_nothing_is_lost)
{
    struct ends *e = new_pair(SOCK_DGRAM, SOCK_NONBLOCK);
    struct shared_end *s = test_alloc(sizeof *s);
    struct crew *c;
    int message = 1, end = -1;

    s->fd = e->here;
    c = crew_start(READERS, take_messages, s);
    for (int i = 0; i < SCALED(MESSAGES); i++)
        CHECK_EQ(sizeof message, go_write(e->there, &message, sizeof message));
    EVENTUALLY(atomic_load(&s->taken) == SCALED(MESSAGES));
    for (int i = 0; i < READERS; i++)
        CHECK_EQ(sizeof end, go_write(e->there, &end, sizeof end));
    crew_wait(c);
    CHECK_EQ(READERS, atomic_load(&s->ended));
    close_pair(e);
}

/* ---- several buffers, files, directions ---- */

enum { PARTS = 40 };

struct parted {
    struct ends *e;
    struct iovec parts[PARTS];
    ptrdiff_t size, result;
    atomic_bool done;
};

static void write_parts(void *arg)
{
    struct parted *p = arg;

    p->result = go_writev(p->e->there, p->parts, PARTS);
    atomic_store(&p->done, true);
}

TEST(several_buffers_are_written_whole_and_in_order)
{
    struct parted *p = test_alloc(sizeof *p);
    char *sent = test_alloc(BIG), *found = test_alloc(BIG);
    ptrdiff_t n, sum = 0;

    p->e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    for (int i = 0; i < BIG; i++)
        sent[i] = (char)(i * 11 + i / 777);
    for (int i = 0; i < PARTS; i++) {
        size_t size = i % 5 == 3 ? 0 : (size_t)(i * 997 % 20000);

        p->parts[i] = (struct iovec){sent + p->size, size};
        p->size += (ptrdiff_t)size;
    }
    test_start_until_blocked(write_parts, p);
    while (sum < p->size && (n = go_readv(p->e->here, &(struct iovec){found + sum, 5001}, 1)) > 0)
        sum += n;
    EVENTUALLY(atomic_load(&p->done));
    CHECK_EQ(p->size, p->result);
    CHECK_EQ(p->size, sum);
    CHECK_MEM(sent, found, (size_t)p->size);
    CHECK_EQ(-EINVAL, go_writev(p->e->here, p->parts, 1025));
    CHECK_EQ(-EINVAL, go_writev(p->e->here, NULL, 1));
    CHECK_EQ(0, go_writev(p->e->here, NULL, 0));
    close_pair(p->e);
}

static void send_this_file(void *arg)
{
    struct ends *e = arg;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int64_t at = 100;

    e->result = go_sendfile(e->there, file, &at, PTRDIFF_MAX);
    CHECK_EQ(100 + e->result, at);
    CHECK_EQ(0, go_shutdown(e->there, GO_WRITABLE));
    CHECK_EQ(0, go_close(file));
    atomic_store(&e->done, true);
}

TEST(a_file_is_sent_whole)
{
    struct ends *e = new_pair(SOCK_STREAM, SOCK_NONBLOCK);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char expected[4096], found[4096];
    ptrdiff_t n, sum = 100;

    CHECK(go(send_this_file, e) == 0);
    while ((n = go_read(e->here, found, sizeof found)) > 0) {
        CHECK_EQ(n, pread(file, expected, (size_t)n, sum));
        CHECK_MEM(expected, found, (size_t)n);
        sum += n;
    }
    CHECK_EQ(0, n);
    EVENTUALLY(atomic_load(&e->done));
    CHECK_EQ(sum - 100, e->result);
    CHECK_EQ(lseek(file, 0, SEEK_END), sum);
    CHECK_EQ(0, go_close(file));
    close_pair(e);
}

TEST(shutting_down_a_direction_wakes_who_waits_for_it)
{
    struct ends *e = new_reader();

    CHECK_EQ(0, go_shutdown(e->there, GO_READABLE));
    check_read(0, e);
    CHECK_EQ(-EINVAL, go_shutdown(e->here, 0));
    CHECK_EQ(-EBADF, go_shutdown(-1, GO_READABLE));
    CHECK_EQ(-EPIPE, go_write(e->here, "x", 1));
    close_pair(e);
}
