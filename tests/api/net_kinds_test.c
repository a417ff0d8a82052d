/* Descriptors of every kind, numbers that are none, sizes of nothing, moments long past.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net.h"

/* ---- kinds ---- */

/* Not ready at first; what `make_ready` does makes it so, and the goroutine that waits wakes up. */
static void check_kind(int fd, void (*make_ready)(int), int arg)
{
    struct net_call *waits;

    CHECK_EQ(-EAGAIN, go_wait_fd(fd, GO_READABLE, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_wait_fd(fd, GO_READABLE, go_deadline(GO_MILLISECOND)));
    waits = net_start(NET_WAIT_READABLE, fd);
    CHECK(!atomic_load(&waits->done));
    make_ready(arg);
    CHECK_EQ(GO_READABLE, net_result(waits));
    CHECK_EQ(GO_READABLE, go_wait_fd(fd, GO_READABLE, GO_FOREVER)); /* it still is */
}

static void write_eight(int fd)
{
    static const uint64_t eight = 1;

    CHECK_EQ(8, go_write(fd, &eight, sizeof eight));
}

TEST(a_pipe_is_waited_for)
{
    for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        int pipes[2];

        CHECK_EQ(0, pipe2(pipes, O_CLOEXEC | flags));
        CHECK_EQ(GO_WRITABLE, go_wait_fd(pipes[1], GO_WRITABLE, GO_FOREVER));
        check_kind(pipes[0], write_eight, pipes[1]);
        CHECK_EQ(0, go_close(pipes[1]));
        CHECK_EQ(0, go_close(pipes[0]));
    }
}

TEST(a_pipe_whose_reader_is_gone_is_an_error_to_write_to)
{
    int pipes[2];
    struct net_call *writes;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* it is a pipe, no socket: the signal is the program's */

    CHECK_EQ(0, pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
    writes = net_start(NET_WRITE_MUCH, pipes[1]);
    CHECK_EQ(0, go_close(pipes[0]));
    CHECK_BETWEEN(1, NET_MUCH - 1, net_result(writes));
    CHECK_EQ(-EPIPE, go_write(pipes[1], "x", 1));
    CHECK_EQ(0, go_close(pipes[1]));
    signal(SIGPIPE, before);
}

TEST(a_pipe_whose_writer_is_gone_has_ended)
{
    int pipes[2];
    struct net_call *reads, *waits;

    CHECK_EQ(0, pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
    reads = net_start(NET_READ, pipes[0]);
    waits = net_start(NET_WAIT_READABLE, pipes[0]);
    CHECK_EQ(0, go_close(pipes[1]));
    CHECK_EQ(0, net_result(reads));
    CHECK_EQ(GO_READABLE, net_result(waits));
    CHECK_EQ(0, go_close(pipes[0]));
}

TEST(an_eventfd_is_waited_for)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    uint64_t value = 0;

    check_kind(fd, write_eight, fd);
    CHECK_EQ(sizeof value, go_read(fd, &value, sizeof value));
    CHECK_EQ(1, value);
    CHECK_EQ(-EAGAIN, go_read_until(fd, &value, sizeof value, GO_NOW));
    CHECK_EQ(0, go_close(fd));
}

static void set_timer(int fd)
{
    struct itimerspec soon = {.it_value.tv_nsec = 1000000};

    CHECK_EQ(0, timerfd_settime(fd, 0, &soon, NULL));
}

TEST(a_timerfd_is_waited_for)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    uint64_t times = 0;

    check_kind(fd, set_timer, fd);
    CHECK_EQ(sizeof times, go_read(fd, &times, sizeof times));
    CHECK_EQ(1, times);
    CHECK_EQ(0, go_close(fd));
}

static void send_signal(int sig)
{
    CHECK_EQ(0, kill(getpid(), sig));
}

/* The signal is blocked in all threads, as every use of signalfd wants it. */
TEST(a_signalfd_is_waited_for)
{
    struct signalfd_siginfo info = {0};
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK(fd >= 0);
    check_kind(fd, send_signal, SIGUSR2);
    CHECK_EQ(sizeof info, go_read(fd, &info, sizeof info));
    CHECK_EQ(SIGUSR2, info.ssi_signo);
    CHECK_EQ(0, go_close(fd));
}

__attribute__((constructor)) static void block_the_signal_in_all_threads(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static char watched[] = "/tmp/libgoroutine-kinds-XXXXXX";

static void make_a_file(int unused)
{
    char path[100];
    int fd;

    (void)unused;
    snprintf(path, sizeof path, "%s/file", watched);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    close(fd);
    unlink(path);
}

TEST(an_inotify_descriptor_is_waited_for)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    CHECK(mkdtemp(watched) != NULL);
    CHECK(inotify_add_watch(fd, watched, IN_CREATE) >= 0);
    check_kind(fd, make_a_file, 0);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, rmdir(watched));
}

static void type_a_line(int fd)
{
    CHECK_EQ(3, go_write(fd, "hi\n", 3));
}

TEST(a_terminal_is_waited_for)
{
    int master, terminal;
    char bytes[10];

    CHECK_EQ(0, openpty(&master, &terminal, NULL, NULL, NULL));
    check_kind(terminal, type_a_line, master);
    CHECK_EQ(3, go_read(terminal, bytes, sizeof bytes));
    CHECK_MEM("hi\n", bytes, 3);
    CHECK_EQ(0, go_close(terminal));
    CHECK_EQ(0, go_close(master));
}

/* ---- what is always ready ---- */

TEST(regular_files_are_read_written_and_always_ready)
{
    char path[] = "/tmp/libgoroutine-file-XXXXXX", bytes[10];
    int fd = mkstemp(path);

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(GO_READABLE | GO_WRITABLE, go_wait_fd(fd, GO_READABLE | GO_WRITABLE, GO_FOREVER));
        CHECK_EQ(5, go_write(fd, "hello", 5));
        CHECK_EQ(0, lseek(fd, 0, SEEK_SET));
        CHECK_EQ(5, go_read(fd, bytes, sizeof bytes));
        CHECK_MEM("hello", bytes, 5);
        CHECK_EQ(0, go_read(fd, bytes, sizeof bytes));
        CHECK_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK)); /* no difference */
        CHECK_EQ(0, ftruncate(fd, 0));
        CHECK_EQ(0, lseek(fd, 0, SEEK_SET));
    }
    CHECK_EQ(0, go_close(fd));
    unlink(path);
}

TEST(a_directory_is_no_stream)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char byte;

    CHECK_EQ(-EISDIR, go_read(fd, &byte, 1));
    CHECK_EQ(-EBADF, go_write(fd, "x", 1)); /* not open for writing; write(2) */
    CHECK_EQ(GO_READABLE, go_wait_fd(fd, GO_READABLE, GO_FOREVER));
    CHECK_EQ(-EINVAL, go_accept(fd));
    CHECK_EQ(-ENOTSOCK, go_shutdown(fd, GO_READABLE));
    CHECK_EQ(0, go_close(fd));
}

TEST(dev_null_is_read_and_written)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    char byte;

    CHECK_EQ(0, go_read(fd, &byte, 1));
    CHECK_EQ(1, go_write(fd, "x", 1));
    CHECK_EQ(GO_READABLE | GO_WRITABLE, go_wait_fd(fd, GO_READABLE | GO_WRITABLE, GO_FOREVER));
    CHECK_EQ(0, go_close(fd));
}

/* ---- numbers that are none ---- */

static void check_no_such(int fd, int error)
{
    char byte;
    struct iovec part = {&byte, 1};
    struct sockaddr_in to = {.sin_family = AF_INET};

    CHECK_EQ(error, go_read(fd, &byte, 1));
    CHECK_EQ(error, go_read_until(fd, &byte, 1, GO_NOW));
    CHECK_EQ(error, go_read(fd, NULL, 0));
    CHECK_EQ(error, go_write(fd, "x", 1));
    CHECK_EQ(error, go_write(fd, NULL, 0));
    CHECK_EQ(error, go_readv(fd, &part, 1));
    CHECK_EQ(error, go_writev(fd, &part, 1));
    CHECK_EQ(error, go_recvfrom(fd, &byte, 1, NULL, NULL));
    CHECK_EQ(error, go_sendto(fd, "x", 1, NULL, 0));
    CHECK_EQ(error, go_wait_fd(fd, GO_READABLE, GO_FOREVER));
    CHECK_EQ(error, go_sendfile(fd, 0, NULL, 1));
    CHECK_EQ(error, go_shutdown(fd, GO_READABLE));
    CHECK_EQ(error, go_accept(fd));
    CHECK_EQ(error, go_connect(fd, (struct sockaddr *)&to, sizeof to));
    CHECK_EQ(error, go_adopt(fd));
    CHECK_EQ(error, go_close(fd));
}

TEST(numbers_that_are_no_descriptors_are_an_error)
{
    int ends[2];

    check_no_such(-1, -EBADF);
    check_no_such(INT_MIN, -EBADF);
    check_no_such(19999, -EBADF);
    check_no_such((1 << 22) - 1, -EBADF);
    check_no_such(1 << 22, -EBADF);
    check_no_such(INT_MAX, -EBADF);
    net_unix_pair(SOCK_STREAM, ends);
    for (int i = 0; i < 2; i++)
        ends[i] = net_move_up(ends[i]);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, close(ends[1]));
    check_no_such(ends[0], -EBADF);
    check_no_such(ends[1], -EBADF);
}

TEST(the_last_number_that_the_limit_allows_works)
{
    struct rlimit limit;
    int ends[2], last;
    struct net_call *reads;

    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
    net_unix_pair(SOCK_STREAM, ends);
    last = fcntl(ends[0], F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 1);
    CHECK_EQ(limit.rlim_cur - 1, last);
    CHECK_EQ(0, go_close(ends[0]));
    reads = net_start(NET_READ, last);
    CHECK_EQ(1, go_write(ends[1], "x", 1));
    CHECK_EQ(1, net_result(reads));
    reads = net_start(NET_READ, last);
    CHECK_EQ(0, go_close(last));
    CHECK_EQ(-EBADF, net_result(reads));
    CHECK_EQ(0, go_close(ends[1]));
}

/* ---- nothing ---- */

TEST(to_read_or_write_nothing_does_not_block)
{
    int ends[2];
    char byte;

    net_tcp_pair(ends);
    CHECK_EQ(0, go_read(ends[0], NULL, 0));
    CHECK_EQ(0, go_read(ends[0], &byte, 0));
    CHECK_EQ(0, go_write(ends[0], NULL, 0));
    CHECK_EQ(0, go_writev(ends[0], NULL, 0));
    CHECK_EQ(0, go_writev(ends[0], &(struct iovec){&byte, 0}, 1));
    CHECK_EQ(0, go_readv(ends[0], &(struct iovec){&byte, 0}, 1));
    CHECK_EQ(-EINVAL, go_read(ends[0], NULL, 1));
    CHECK_EQ(-EINVAL, go_write(ends[0], NULL, 1));
    net_fill(ends[0]);
    CHECK_EQ(0, go_write(ends[0], NULL, 0));
    CHECK_EQ(0, go_write_until(ends[0], NULL, 0, GO_NOW));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

TEST(an_empty_datagram_arrives_and_is_no_end)
{
    int server = go_listen("udp", "127.0.0.1:0"), client;
    char words[NET_WORDS], bytes[4];
    struct net_call *reads;
    struct sockaddr_in from = {0};
    unsigned size = sizeof from;

    net_words(server, words);
    client = go_dial("udp", words);
    reads = net_start(NET_READ, server);
    CHECK(!atomic_load(&reads->done));
    CHECK_EQ(0, go_write(client, NULL, 0));
    CHECK_EQ(0, net_result(reads));
    CHECK_EQ(0, go_sendto(client, NULL, 0, NULL, 0));
    CHECK_EQ(2, go_write(client, "ab", 2));
    CHECK_EQ(0, go_recvfrom(server, bytes, sizeof bytes, (struct sockaddr *)&from, &size));
    CHECK_EQ(net_port(client), ntohs(from.sin_port));
    CHECK_EQ(2, go_read(server, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(client));
    CHECK_EQ(0, go_close(server));
}

TEST(of_a_datagram_that_is_too_long_for_the_buffer_the_rest_is_lost)
{
    int ends[2];
    char bytes[4];

    net_unix_pair(SOCK_DGRAM, ends);
    CHECK_EQ(6, go_write(ends[0], "abcdef", 6));
    CHECK_EQ(2, go_write(ends[0], "gh", 2));
    CHECK_EQ(4, go_recvfrom(ends[1], bytes, 4, NULL, NULL));
    CHECK_EQ(2, go_read(ends[1], bytes, 4));
    CHECK_MEM("gh", bytes, 2);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

/* ---- moments long past ---- */

TEST(a_moment_long_past_tries_and_then_gives_up)
{
    static const int64_t past[] = {1, INT64_MIN, -1};
    int ends[2], listener;
    char words[NET_WORDS], byte;

    net_unix_pair(SOCK_STREAM, ends);
    listener = net_listen(words);
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
        CHECK_EQ(-ETIMEDOUT, go_read_until(ends[0], &byte, 1, past[i]));
        CHECK_EQ(-ETIMEDOUT, go_wait_fd(ends[0], GO_READABLE, past[i]));
        CHECK_EQ(-ETIMEDOUT, go_recvfrom_until(ends[0], &byte, 1, NULL, NULL, past[i]));
        CHECK_EQ(-ETIMEDOUT, go_accept_until(listener, past[i]));
        CHECK_EQ(1, go_write_until(ends[1], "x", 1, past[i]));
        CHECK_EQ(GO_READABLE, go_wait_fd(ends[0], GO_READABLE, GO_FOREVER));
        CHECK_EQ(1, go_read_until(ends[0], &byte, 1, past[i]));
    }
    net_fill(ends[0]);
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
        CHECK_EQ(-ETIMEDOUT, go_write_until(ends[0], "x", 1, past[i]));
        CHECK_EQ(-ETIMEDOUT, go_wait_fd(ends[0], GO_WRITABLE, past[i]));
    }
    CHECK_EQ(0, go_close(listener));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}
