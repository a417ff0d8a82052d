/* How connections end: reset by the peer, one direction after the other, closed here while others wait.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>
#include "net.h"

static void reset(int fd)
{
    net_will_reset(fd);
    CHECK_EQ(0, go_close(fd));
}

/* ---- reset by the peer ---- */

TEST(a_reset_wakes_who_reads)
{
    int ends[2];
    struct net_call *reads;
    char byte;

    net_tcp_pair(ends);
    reads = net_start(NET_READ, ends[0]);
    reset(ends[1]);
    CHECK_EQ(-ECONNRESET, net_result(reads));
    CHECK_EQ(0, go_read(ends[0], &byte, 1)); /* said once; then it is a stream that has ended */
    CHECK_EQ(-EPIPE, go_write(ends[0], "x", 1));
    CHECK_EQ(0, go_close(ends[0]));
}

TEST(a_reset_wakes_who_writes_and_the_count_is_what_went_before)
{
    int ends[2];
    struct net_call *writes;
    ptrdiff_t error;

    net_tcp_pair(ends);
    writes = net_start(NET_WRITE_MUCH, ends[0]);
    CHECK(!atomic_load(&writes->done));
    reset(ends[1]);
    CHECK_BETWEEN(1, NET_MUCH - 1, net_result(writes));
    error = go_write(ends[0], "x", 1);
    CHECK(error == -ECONNRESET || error == -EPIPE);
    CHECK_EQ(0, go_close(ends[0]));
}

/* The peer's side of the system may take over a little more at any time: who waits for room may wake up before the reset. */
TEST(a_reset_wakes_who_waits)
{
    int ends[2];
    struct net_call *readable, *writable, *either;

    net_tcp_pair(ends);
    net_fill(ends[0]);
    readable = net_start(NET_WAIT_READABLE, ends[0]);
    writable = net_start(NET_WAIT_WRITABLE, ends[0]);
    either = net_start(NET_WAIT_EITHER, ends[0]);
    CHECK(!atomic_load(&readable->done));
    reset(ends[1]);
    CHECK_EQ(GO_READABLE, net_result(readable));
    CHECK_EQ(GO_WRITABLE, net_result(writable));
    CHECK(net_result(either) & GO_WRITABLE);
    CHECK_EQ(GO_READABLE | GO_WRITABLE, go_wait_fd(ends[0], GO_READABLE | GO_WRITABLE, GO_FOREVER));
    CHECK_EQ(0, go_close(ends[0]));
}

TEST(a_reset_that_nobody_waits_for_is_found_by_who_comes_later)
{
    int ends[2];
    char byte;

    net_tcp_pair(ends);
    reset(ends[1]);
    CHECK_EQ(GO_READABLE, go_wait_fd(ends[0], GO_READABLE, GO_FOREVER));
    CHECK_EQ(-ECONNRESET, go_read(ends[0], &byte, 1));
    CHECK_EQ(0, go_close(ends[0]));
}

/* One that reset before it was accepted may be given or skipped; the one after it must be given. */
TEST(a_connection_that_is_reset_before_it_is_accepted_stops_no_server)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd = go_dial("tcp", words), last, accepted;
    char byte = 0;

    reset(fd);
    last = go_dial("tcp", words);
    CHECK_EQ(1, go_write(last, "x", 1));
    for (int i = 0; i < 2 && byte != 'x'; i++) {
        accepted = go_accept(listener);
        CHECK(accepted >= 0);
        go_read(accepted, &byte, 1);
        CHECK_EQ(0, go_close(accepted));
    }
    CHECK_EQ('x', byte);
    CHECK_EQ(0, go_close(last));
    CHECK_EQ(0, go_close(listener));
}

TEST(a_file_to_a_connection_that_was_reset_is_an_error_and_no_signal)
{
    int ends[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int64_t at = 0;
    char byte;

    net_tcp_pair(ends);
    reset(ends[1]);
    CHECK_EQ(-ECONNRESET, go_read(ends[0], &byte, 1));
    CHECK_EQ(-EPIPE, go_sendfile(ends[0], file, &at, 1000));
    CHECK_EQ(0, at);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(file));
}

/* ---- one direction ---- */

static void check_half_close(int ends[2])
{
    struct net_call *reads = net_start(NET_READ, ends[1]);
    char bytes[8];

    CHECK_EQ(0, go_shutdown(ends[0], GO_WRITABLE));
    CHECK_EQ(0, net_result(reads));
    CHECK_EQ(-EPIPE, go_write(ends[0], "x", 1));
    CHECK_EQ(0, go_read(ends[1], bytes, sizeof bytes)); /* and it stays so */
    CHECK_EQ(0, go_read_until(ends[1], bytes, sizeof bytes, GO_NOW));
    reads = net_start(NET_READ, ends[0]);
    CHECK(!atomic_load(&reads->done));
    CHECK_EQ(5, go_write(ends[1], "hello", 5));
    CHECK_EQ(1, net_result(reads));
    CHECK_EQ(4, go_read(ends[0], bytes, sizeof bytes));
    CHECK_MEM("ello", bytes, 4);
    reads = net_start(NET_READ, ends[0]);
    CHECK_EQ(0, go_close(ends[1]));
    CHECK_EQ(0, net_result(reads));
    CHECK_EQ(0, go_close(ends[0]));
}

TEST(who_has_ended_writing_may_still_read)
{
    int ends[2];

    net_tcp_pair(ends);
    check_half_close(ends);
    net_unix_pair(SOCK_STREAM, ends);
    check_half_close(ends);
}

TEST(what_was_written_before_the_end_arrives_before_the_end)
{
    int ends[2];
    char bytes[4096];
    ptrdiff_t n, sum = 0, written;

    net_tcp_pair(ends);
    written = net_fill(ends[0]);
    CHECK_EQ(0, go_shutdown(ends[0], GO_WRITABLE));
    while ((n = go_read(ends[1], bytes, sizeof bytes)) > 0)
        sum += n;
    CHECK_EQ(0, n);
    CHECK_EQ(written, sum);
    net_close_both(ends);
}

TEST(who_has_ended_reading_may_still_write)
{
    int ends[2];
    struct net_call *reads;
    char byte;

    net_tcp_pair(ends);
    reads = net_start(NET_READ, ends[0]);
    CHECK_EQ(0, go_shutdown(ends[0], GO_READABLE));
    CHECK_EQ(0, net_result(reads));
    CHECK_EQ(1, go_write(ends[0], "x", 1));
    CHECK_EQ(1, go_read(ends[1], &byte, 1));
    net_close_both(ends);
}

TEST(ending_what_has_ended_is_an_error_or_none_but_never_blocks)
{
    int ends[2];

    net_tcp_pair(ends);
    ends[0] = net_move_up(ends[0]);
    CHECK_EQ(0, go_shutdown(ends[0], GO_READABLE | GO_WRITABLE));
    CHECK_EQ(0, go_close(ends[1]));
    CHECK_EQ(-ENOTCONN, go_shutdown(ends[0], GO_WRITABLE));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(-EBADF, go_shutdown(ends[0], GO_WRITABLE));
}

/* ---- closed here ---- */

enum { EACH = 5 };

TEST(closing_wakes_everybody)
{
    static const enum net_what what[] = {NET_READ, NET_WRITE, NET_WAIT_READABLE, NET_WAIT_WRITABLE, NET_WAIT_EITHER};
    struct net_call *calls[5][EACH];
    int ends[2], before = net_open_count();

    net_unix_pair(SOCK_STREAM, ends);
    ends[0] = net_move_up(ends[0]);
    net_fill(ends[0]);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < EACH; k++) {
            calls[i][k] = net_start_until(what[i], ends[0], k % 2 ? GO_FOREVER : go_deadline(3600 * GO_SECOND));
            CHECK(!atomic_load(&calls[i][k]->done));
        }
    CHECK_EQ(0, go_close(ends[0]));
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < EACH; k++)
            CHECK_EQ(-EBADF, net_result(calls[i][k]));
    CHECK_EQ(0, go_close(ends[1]));
    CHECK_EQ(before, net_open_count());
    CHECK_EQ(-EBADF, go_close(ends[0]));
}

TEST(closing_wakes_all_who_accept)
{
    static const char *const where[][2] = {
        {"tcp", "127.0.0.1:0"}, {"unix", "@libgoroutine-end"}, {"unixpacket", "@libgoroutine-end"}};

    for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
        int listener = net_move_up(go_listen(where[i][0], where[i][1]));
        struct net_call *calls[EACH];

        CHECK_EQ(0, go_adopt(listener));
        for (int k = 0; k < EACH; k++)
            calls[k] = net_start(NET_ACCEPT, listener);
        CHECK_EQ(0, go_close(listener));
        for (int k = 0; k < EACH; k++)
            CHECK_EQ(-EBADF, net_result(calls[k]));
        CHECK_EQ(-EBADF, go_accept(listener));
    }
}

/* A writer that has written a part tells of that first. */
TEST(closing_tells_a_writer_how_far_it_came)
{
    int ends[2];
    struct net_call *writes;

    net_tcp_pair(ends);
    writes = net_start(NET_WRITE_MUCH, ends[0]);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_BETWEEN(1, NET_MUCH - 1, net_result(writes));
    CHECK_EQ(0, go_close(ends[1]));
}

struct thread_read {
    int fd;
    atomic_bool begun;
    ptrdiff_t result;
};

static void read_as_thread(void *arg, int index)
{
    struct thread_read *r = arg;
    char byte;

    (void)index;
    atomic_store(&r->begun, true);
    r->result = go_read(r->fd, &byte, 1);
}

TEST(closing_wakes_a_plain_thread)
{
    struct thread_read *r = test_alloc(sizeof *r);
    struct crew *c;
    int ends[2];

    net_unix_pair(SOCK_STREAM, ends);
    r->fd = ends[0];
    c = crew_start_threads(1, read_as_thread, r);
    EVENTUALLY(atomic_load(&r->begun));
    test_settle();
    CHECK_EQ(0, go_close(ends[0]));
    crew_wait(c);
    CHECK_EQ(-EBADF, r->result);
    CHECK_EQ(0, go_close(ends[1]));
}

/* Where nobody else opens a file just then: the library does, to look what threads do. */
static bool is_used_again(int number, const int fds[2], int *times)
{
    *times += fds[0] == number;
    return fds[0] == number;
}

/* The number goes to another file at once, which knows nothing of the first one's readers. */
TEST(a_number_that_is_used_again_at_once_is_a_new_file)
{
    int times = 0;

    for (int i = 0; i < SCALED(200); i++) {
        int ends[2], pipes[2], first;
        struct net_call *old, *new;
        char byte;

        net_unix_pair(SOCK_STREAM, ends);
        old = net_start(NET_READ, ends[0]);
        first = ends[0];
        CHECK_EQ(0, go_close(ends[0]));
        CHECK_EQ(-EBADF, net_result(old)); /* who was last inside closes it */
        CHECK_EQ(0, pipe2(pipes, O_NONBLOCK | O_CLOEXEC));
        if (is_used_again(first, pipes, &times)) {
            new = net_start(NET_READ, first);
            go_write(ends[1], "old", 3); /* nobody's any more */
            CHECK(!atomic_load(&new->done));
            CHECK_EQ(1, go_write(pipes[1], "n", 1));
            CHECK_EQ(1, net_result(new));
            CHECK_EQ('n', new->byte);
        }
        net_close_both(pipes);
        CHECK_EQ(0, go_close(ends[1]));
        EVENTUALLY(go_read(first, &byte, 1) == -EBADF); /* once the library has no file there for a moment */
    }
    CHECK(times > SCALED(200) / 2);
}

/* By anybody's plain close, a descriptor that is the program's own may go and come again. */
TEST(a_number_that_the_program_itself_closed_and_opened_again_is_watched_anew)
{
    int times = 0;

    for (int i = 0; i < SCALED(200); i++) {
        int ends[2], first;
        struct net_call *reads;

        net_unix_pair(SOCK_STREAM, ends);
        first = ends[0];
        reads = net_start(NET_READ, ends[0]);
        CHECK_EQ(1, write(ends[1], "x", 1));
        CHECK_EQ(1, net_result(reads));
        close(ends[0]);
        close(ends[1]);
        net_unix_pair(SOCK_STREAM, ends);
        if (is_used_again(first, ends, &times)) {
            reads = net_start(NET_READ, first);
            CHECK(!atomic_load(&reads->done));
            CHECK_EQ(1, write(ends[1], "y", 1));
            CHECK_EQ(1, net_result(reads));
            CHECK_EQ('y', reads->byte);
        }
        net_close_both(ends);
    }
    CHECK(times > SCALED(200) / 2);
}

struct closers {
    int fd;
    atomic_int closed;
};

static void close_it(void *arg, int index)
{
    struct closers *c = arg;
    int result = go_close(c->fd);

    (void)index;
    CHECK(result == 0 || result == -EBADF);
    atomic_fetch_add(&c->closed, result == 0);
}

/* The number is above what anybody can be given: what is opened meanwhile, by the library for a moment too, is another one. */
TEST(only_one_of_many_who_close_has_closed_it)
{
    struct closers *c = test_alloc(sizeof *c);
    struct rlimit given;

    go_maxprocs(4);
    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &given));
    for (int i = 0; i < SCALED(200); i++) {
        int ends[2];

        net_unix_pair(SOCK_STREAM, ends);
        c->fd = net_move_up(ends[0]);
        CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = NET_NOBODYS, .rlim_max = given.rlim_max}));
        atomic_store(&c->closed, 0);
        crew_run(4, close_it, c);
        CHECK_EQ(1, atomic_load(&c->closed));
        CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &given));
        CHECK_EQ(0, go_close(ends[1]));
    }
}
