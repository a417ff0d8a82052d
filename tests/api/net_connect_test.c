/* Sockets that the program has made by itself: connecting them, handing them over; and the options that ours come with.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>
#include "net.h"

static struct sockaddr_in here(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_here(int fd, int port, int64_t deadline)
{
    struct sockaddr_in to = here(port);

    return go_connect_until(fd, (struct sockaddr *)&to, sizeof to, deadline);
}

static int new_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    return fd;
}

static void check_talk(int here, int there)
{
    char byte = 0;

    CHECK_EQ(1, go_write(here, "a", 1));
    CHECK_EQ(1, go_read(there, &byte, 1));
    CHECK_EQ('a', byte);
    CHECK_EQ(1, go_write(there, "b", 1));
    CHECK_EQ(1, go_read(here, &byte, 1));
    CHECK_EQ('b', byte);
}

static void check_connect(int flags)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd = new_socket(SOCK_STREAM | flags), accepted, again;

    CHECK_EQ(0, connect_here(fd, net_port(listener), GO_FOREVER));
    accepted = go_accept(listener);
    check_talk(fd, accepted);
    again = connect_here(fd, net_port(listener), GO_FOREVER); /* the system may take it for the end of the first */
    CHECK(again == 0 || again == -EISCONN);
    CHECK_EQ(-EISCONN, connect_here(fd, net_port(listener), GO_FOREVER));
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

TEST(a_socket_of_the_programs_own_connects)
{
    check_connect(SOCK_NONBLOCK);
    check_connect(0);
}

TEST(connecting_to_nobody_is_refused)
{
    char words[NET_WORDS];
    int listener = net_listen(words), port = net_port(listener);

    CHECK_EQ(0, go_close(listener));
    for (int i = 0; i < 2; i++) {
        int fd = new_socket(SOCK_STREAM | (i ? SOCK_NONBLOCK : 0));

        CHECK(says_refused(connect_here(fd, port, GO_FOREVER)));
        CHECK_EQ(0, go_close(fd));
    }
}

TEST(connecting_gives_up_at_its_deadline_and_may_be_repeated)
{
    struct net_silent *s = test_alloc(sizeof *s);
    int fd = new_socket(SOCK_STREAM | SOCK_NONBLOCK), port;
    int64_t deadline;

    net_silent_start(s, "127.0.0.1", 0);
    port = net_port(s->fd);
    deadline = go_deadline(20 * GO_MILLISECOND);
    CHECK_EQ(-ETIMEDOUT, connect_here(fd, port, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-EAGAIN, connect_here(fd, port, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, connect_here(fd, port, deadline));
    net_silent_speak(s);
    CHECK_EQ(0, connect_here(fd, port, GO_FOREVER));
    CHECK_EQ(0, go_close(fd));
    net_silent_stop(s);
}

struct connecting {
    int fd, port;
    int result;
    atomic_bool done;
};

static void connect_this(void *arg)
{
    struct connecting *c = arg;

    c->result = connect_here(c->fd, c->port, GO_FOREVER);
    atomic_store(&c->done, true);
}

TEST(closing_wakes_who_connects)
{
    struct net_silent *s = test_alloc(sizeof *s);
    struct connecting *c = test_alloc(sizeof *c);

    net_silent_start(s, "127.0.0.1", 0);
    c->fd = new_socket(SOCK_STREAM | SOCK_NONBLOCK);
    c->port = net_port(s->fd);
    test_start_until_blocked(connect_this, c);
    CHECK(!atomic_load(&c->done));
    CHECK_EQ(0, go_close(c->fd));
    EVENTUALLY(atomic_load(&c->done));
    CHECK_EQ(-EBADF, c->result);
    net_silent_stop(s);
}

/* ---- local ones, whose queue may be full ---- */

static int connect_local(int fd, const char *name, int64_t deadline)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    strcpy(to.sun_path + 1, name);
    return go_connect_until(fd, (struct sockaddr *)&to, (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)),
                            deadline);
}

static int listen_locally(const char *name, int queue)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(at.sun_path + 1, name);
    CHECK_EQ(0, bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))));
    CHECK_EQ(0, listen(fd, queue));
    return fd;
}

static void dial_local(void *arg)
{
    struct connecting *c = arg;

    c->result = go_dial("unix", "@libgoroutine-full");
    atomic_store(&c->done, true);
}

static void connect_full(void *arg)
{
    struct connecting *c = arg;

    c->result = connect_local(c->fd, "libgoroutine-full", GO_FOREVER);
    atomic_store(&c->done, true);
}

TEST(who_dials_a_local_server_whose_queue_is_full_waits_for_room)
{
    int listener = listen_locally("libgoroutine-full", 0), first = go_dial("unix", "@libgoroutine-full"), accepted;
    struct connecting *dials = test_alloc(sizeof *dials), *connects = test_alloc(sizeof *connects);
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);

    CHECK(first >= 0);
    CHECK_EQ(-EAGAIN, go_dial_until("unix", "@libgoroutine-full", GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_dial_until("unix", "@libgoroutine-full", deadline));
    CHECK(go_now() >= deadline);
    connects->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    test_start_until_blocked(dial_local, dials);
    test_start_until_blocked(connect_full, connects);
    CHECK(!atomic_load(&dials->done) && !atomic_load(&connects->done));
    CHECK_EQ(0, go_adopt(listener));
    for (int i = 0; i < 3; i++) {
        accepted = go_accept(listener);
        CHECK(accepted >= 0);
        CHECK_EQ(0, go_close(accepted));
    }
    EVENTUALLY(atomic_load(&dials->done) && atomic_load(&connects->done));
    CHECK(dials->result >= 0);
    CHECK_EQ(0, connects->result);
    CHECK_EQ(0, go_close(dials->result));
    CHECK_EQ(0, go_close(connects->fd));
    CHECK_EQ(0, go_close(first));
    CHECK_EQ(0, go_close(listener));
}

TEST(closing_wakes_who_waits_for_room_in_a_local_servers_queue)
{
    int listener = listen_locally("libgoroutine-full", 0), first = go_dial("unix", "@libgoroutine-full");
    struct connecting *c = test_alloc(sizeof *c);

    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    test_start_until_blocked(connect_full, c);
    CHECK_EQ(0, go_close(c->fd));
    EVENTUALLY(atomic_load(&c->done));
    CHECK_EQ(-EBADF, c->result);
    CHECK_EQ(0, go_close(first));
    CHECK_EQ(0, go_close(listener));
}

/* ---- datagrams ---- */

TEST(a_datagram_socket_is_given_its_peer)
{
    int server = go_listen("udp", "127.0.0.1:0"), stranger = go_dial("udp", "127.0.0.1:9"),
        fd = new_socket(SOCK_DGRAM | SOCK_NONBLOCK);
    char bytes[10] = {0};
    struct sockaddr_in at = here(0), from;
    unsigned size = sizeof from;

    CHECK_EQ(0, bind(fd, (struct sockaddr *)&at, sizeof at));
    CHECK_EQ(0, connect_here(fd, net_port(server), GO_FOREVER));
    CHECK_EQ(5, go_write(fd, "hello", 5));
    CHECK_EQ(5, go_recvfrom(server, bytes, sizeof bytes, (struct sockaddr *)&from, &size));
    CHECK_STR("hello", bytes);
    CHECK_EQ(net_port(fd), ntohs(from.sin_port));
    at = here(net_port(fd));
    CHECK_EQ(0, connect(stranger, (struct sockaddr *)&at, sizeof at));
    CHECK_EQ(3, go_write(stranger, "who", 3)); /* not from its peer: never received */
    CHECK_EQ(2, go_sendto(server, "ok", 2, (struct sockaddr *)&from, size));
    CHECK_EQ(2, go_read(fd, bytes, sizeof bytes));
    CHECK_MEM("ok", bytes, 2);
    CHECK_EQ(-EAGAIN, go_read_until(fd, bytes, sizeof bytes, GO_NOW));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(stranger));
    CHECK_EQ(0, go_close(server));
}

TEST(what_can_not_be_connected_is_an_error)
{
    struct sockaddr_in to = here(1);
    int pipes[2], fd = new_socket(SOCK_STREAM | SOCK_NONBLOCK);

    CHECK_EQ(0, pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
    CHECK_EQ(-ENOTSOCK, go_connect(pipes[0], (struct sockaddr *)&to, sizeof to));
    CHECK_EQ(-EBADF, go_connect(-1, (struct sockaddr *)&to, sizeof to));
    CHECK_EQ(-EBADF, go_connect(987, (struct sockaddr *)&to, sizeof to));
    CHECK_EQ(-EINVAL, go_connect(fd, NULL, sizeof to));
    CHECK_EQ(-EINVAL, go_connect(fd, (struct sockaddr *)&to, 0));
    CHECK_EQ(-EINVAL, go_connect(fd, (struct sockaddr *)&to, 3));
    CHECK_EQ(-EINVAL, go_connect(fd, (struct sockaddr *)&to, 10000));
    to.sin_family = 250;
    CHECK_EQ(-EAFNOSUPPORT, go_connect(fd, (struct sockaddr *)&to, sizeof to));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(pipes[0]));
    CHECK_EQ(0, go_close(pipes[1]));
}

/* ---- handing over ---- */

TEST(a_listener_that_is_handed_over_accepts)
{
    struct sockaddr_in at = here(0);
    int listener = new_socket(SOCK_STREAM), fd, accepted;
    char words[NET_WORDS];

    CHECK_EQ(0, bind(listener, (struct sockaddr *)&at, sizeof at));
    CHECK_EQ(0, listen(listener, 10));
    net_words(listener, words);
    CHECK_EQ(-EINVAL, go_accept(listener));
    CHECK_EQ(0, go_adopt(listener));
    CHECK_EQ(0, go_adopt(listener)); /* once more is no harm */
    CHECK_EQ(-EAGAIN, go_accept_until(listener, GO_NOW));
    fd = go_dial("tcp", words);
    accepted = go_accept(listener);
    check_talk(fd, accepted);
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

static void write_a_byte(void *arg)
{
    CHECK_EQ(1, go_write(*(int *)arg, "x", 1));
}

TEST(a_pipe_that_is_handed_over_blocks_goroutines_only)
{
    int *pipes = test_alloc(2 * sizeof *pipes);
    char byte;

    go_maxprocs(1);
    CHECK_EQ(0, pipe2(pipes, O_CLOEXEC));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, go_adopt(pipes[i]));
    CHECK(fcntl(pipes[0], F_GETFL) & O_NONBLOCK);
    CHECK_EQ(0, go(write_a_byte, &pipes[1]));
    CHECK_EQ(1, go_read(pipes[0], &byte, 1));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, go_close(pipes[i]));
}

TEST(what_can_not_be_handed_over_stays_as_it_was)
{
    int file = net_move_up(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    char magic[4];

    CHECK_EQ(-EPERM, go_adopt(file));
    CHECK(!(fcntl(file, F_GETFL) & O_NONBLOCK));
    CHECK_EQ(4, go_read(file, magic, 4));
    CHECK_MEM("\177ELF", magic, 4);
    CHECK_EQ(0, go_close(file));
    CHECK_EQ(-EBADF, go_adopt(file));
    CHECK_EQ(-EBADF, go_adopt(-1));
    CHECK_EQ(-EBADF, go_adopt(1 << 30));
}

/* ---- options ---- */

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    CHECK_EQ(0, getsockopt(fd, level, name, &value, &size));
    return value;
}

static void check_options(int fd)
{
    CHECK_EQ(1, option(fd, IPPROTO_TCP, TCP_NODELAY));
    CHECK_EQ(1, option(fd, SOL_SOCKET, SO_KEEPALIVE));
    CHECK_EQ(15, option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    CHECK_EQ(15, option(fd, IPPROTO_TCP, TCP_KEEPINTVL));
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST(connections_hurry_and_are_kept_alive)
{
    int ends[2];

    net_tcp_pair(ends);
    check_options(ends[0]);
    check_options(ends[1]);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

static int longest_queue(void)
{
    FILE *f = fopen("/proc/sys/net/core/somaxconn", "r");
    int most = -1;

    CHECK(f && fscanf(f, "%d", &most) == 1);
    if (f)
        fclose(f);
    return most;
}

TEST(a_listener_may_start_again_at_once_and_has_the_longest_queue)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd, accepted;
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    CHECK_EQ(1, option(listener, SOL_SOCKET, SO_REUSEADDR));
    CHECK_EQ(0, getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size));
    if (!emulated())                                 /* which knows nothing of TCP_INFO */
        CHECK_EQ(longest_queue(), info.tcpi_sacked); /* of a listener: the length of its queue */
    fd = go_dial("tcp", words);
    accepted = go_accept(listener);
    CHECK_EQ(0, go_close(accepted)); /* who closes first keeps the port for a minute */
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
    listener = go_listen("tcp", words);
    CHECK(listener >= 0);
    CHECK_EQ(0, go_close(listener));
}
