/* Sending files, where the connection ends in the middle.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "net.h"

static atomic_int pipes_broken;

static void on_sigpipe(int number)
{
    (void)number;
    atomic_fetch_add(&pipes_broken, 1);
}

/* More than any buffer of a socket takes; nothing but zeros. */
static int big_file(void)
{
    char path[] = "/tmp/libgoroutine-sendfile-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_EQ(0, unlink(path));
    CHECK_EQ(0, ftruncate(fd, NET_MUCH));
    return fd;
}

struct sending {
    int to, file;
    ptrdiff_t result;
    atomic_bool done;
};

static void send_it(void *arg)
{
    struct sending *s = arg;
    int64_t at = 0;

    s->result = go_sendfile(s->to, s->file, &at, NET_MUCH);
    CHECK_EQ(s->result, at);
    atomic_store(&s->done, true);
}

/* The socket is one that blocks, so that all of it is one call of the system: that is under way once something has arrived, and it
 * cannot end, as nobody reads the rest. */
TEST(a_connection_that_ends_while_a_file_is_sent_is_no_signal)
{
    struct sigaction action = {.sa_handler = on_sigpipe, .sa_flags = SA_RESTART}, before;
    struct sending *s = test_alloc(sizeof *s);
    int ends[2];

    CHECK_EQ(0, sigaction(SIGPIPE, &action, &before));
    net_tcp_pair(ends);
    s->to = dup(ends[0]);
    s->file = big_file();
    CHECK_EQ(0, fcntl(s->to, F_SETFL, 0));
    CHECK_EQ(0, go(send_it, s));
    CHECK_EQ(GO_READABLE, go_wait_fd(ends[1], GO_READABLE, GO_FOREVER));
    CHECK(!atomic_load(&s->done));
    CHECK_EQ(0, go_shutdown(s->to, GO_WRITABLE));
    EVENTUALLY(atomic_load(&s->done));
    CHECK_BETWEEN(1, NET_MUCH - 1, s->result);
    CHECK_EQ(-EPIPE, go_write(s->to, "x", 1));
    CHECK_EQ(0, atomic_load(&pipes_broken));
    CHECK_EQ(0, go_close(s->to));
    CHECK_EQ(0, go_close(s->file));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
    CHECK_EQ(0, sigaction(SIGPIPE, &before, NULL));
}
