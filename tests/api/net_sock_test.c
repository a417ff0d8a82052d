/* Sockets: listening, accepting, dialing.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hogs.h"

struct server {
    int fd;
    const char *network;
    char address[120];
    atomic_int accepted;
    atomic_bool stop;
};

static int port_of(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;

    CHECK_EQ(0, getsockname(fd, (struct sockaddr *)&at, &size));
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
}

static void echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char bytes[512];
    ptrdiff_t n;

    while ((n = go_read(fd, bytes, sizeof bytes)) > 0)
        CHECK_EQ(n, go_write(fd, bytes, (size_t)n));
    CHECK_EQ(0, go_close(fd));
}

static void serve(void *arg)
{
    struct server *s = arg;
    int fd;

    while ((fd = go_accept(s->fd)) >= 0 && !atomic_load(&s->stop)) {
        atomic_fetch_add(&s->accepted, 1);
        CHECK_EQ(0, go(echo, (void *)(intptr_t)fd));
    }
    CHECK(fd >= 0);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(s->fd));
}

/* Closed by anybody else, its number might be another file's by the time that it accepts once more. */
static void stop_server(struct server *s)
{
    int fd;

    atomic_store(&s->stop, true);
    fd = go_dial(s->network, s->address);
    CHECK(fd >= 0);
    CHECK_EQ(0, go_close(fd));
    EVENTUALLY(go_count() == 1);
}

static struct server *new_server(const char *network, const char *host)
{
    struct server *s = test_alloc(sizeof *s);
    char address[100];

    snprintf(address, sizeof address, strncmp(network, "unix", 4) ? "%s:0" : "%s", host);
    s->network = network;
    s->fd = go_listen(network, address);
    if (!CHECK(s->fd >= 0))
        return s;
    if (strncmp(network, "unix", 4))
        snprintf(s->address, sizeof s->address, "%s:%d", host, port_of(s->fd));
    else
        snprintf(s->address, sizeof s->address, "%s", host);
    CHECK_EQ(0, go(serve, s));
    return s;
}

static void call(const char *network, const char *address)
{
    int fd = go_dial(network, address);
    char bytes[32] = {0};

    if (!CHECK(fd >= 0)) {
        test_note("dial %s %s: %s", network, address, go_strerror(fd));
        return;
    }
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(5, go_write(fd, "hello", 5));
        CHECK_EQ(5, go_read(fd, bytes, sizeof bytes));
        CHECK_STR("hello", bytes);
    }
    CHECK_EQ(0, go_close(fd));
}

static void check_calls(const char *network, const char *host)
{
    struct server *s = new_server(network, host);

    for (int i = 0; i < 3; i++)
        call(network, s->address);
    CHECK_EQ(3, atomic_load(&s->accepted));
    stop_server(s);
}

TEST(a_client_and_a_server_talk)
{
    check_calls("tcp", "127.0.0.1");
    check_calls("tcp4", "127.0.0.1");
    check_calls("tcp", "[::1]");
    check_calls("tcp6", "[::1]");
    check_calls("tcp", "localhost");
    check_calls("unix", "@libgoroutine-test");
    check_calls("unixpacket", "@libgoroutine-test");
}

TEST(a_path_that_a_server_left_behind_is_taken_over_but_not_one_in_use)
{
    char path[100];
    int fd, again;

    snprintf(path, sizeof path, "/tmp/libgoroutine-test-%d", (int)getpid());
    fd = go_listen("unix", path);
    CHECK(fd >= 0);
    CHECK_EQ(-EADDRINUSE, go_listen("unix", path));
    CHECK_EQ(0, go_close(fd));
    again = go_listen("unix", path);
    CHECK(again >= 0);
    CHECK_EQ(0, go_close(again));
    unlink(path);
}

/* Somebody has the port for IPv6. A server for IPv4 alone is not what was asked for. */
TEST(a_port_of_which_another_has_half_is_in_use)
{
    static const char *const networks[] = {"tcp", "udp"};

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in6 all = {.sin6_family = AF_INET6};
        int other = socket(AF_INET6, (i ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), fd;
        char address[32];

        CHECK_EQ(0, setsockopt(other, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)));
        CHECK_EQ(0, bind(other, (struct sockaddr *)&all, sizeof all));
        snprintf(address, sizeof address, ":%d", port_of(other));
        fd = go_listen(networks[i], address);
        CHECK_EQ(-EADDRINUSE, fd);
        if (fd >= 0)
            CHECK_EQ(0, go_close(fd));
        CHECK_EQ(0, close(other));
    }
}

TEST(nobody_there_is_refused)
{
    int fd = go_listen("tcp", "127.0.0.1:0"), port = port_of(fd);
    char address[32];

    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    CHECK_EQ(0, go_close(fd));
    CHECK(says_refused(go_dial("tcp", address)));
    CHECK_EQ(-ECONNREFUSED, go_dial("unix", "@libgoroutine-nobody"));
    CHECK_EQ(-ENOENT, go_dial("unix", "/tmp/libgoroutine-no-such-path"));
}

TEST(words_that_make_no_sense_are_an_error)
{
    static const char *const bad[][2] = {
        {"tcp", "127.0.0.1"},
        {"tcp", "127.0.0.1:"},
        {"tcp", "::1:80"},
        {"tcp", "[::1:80"},
        {"tcp", ""},
        {"tcp5", "x:1"},
        {"tcp44", "x:1"},
        {"sctp", "127.0.0.1:1"},
        {"", "127.0.0.1:1"},
        {"unix", ""},
        {"tcp", "127.0.0.1:65536"},
        {"tcp", "127.0.0.1:99999"},
        {"tcp", "127.0.0.1:18446744073709551617"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(-EINVAL, go_dial(bad[i][0], bad[i][1]));
        CHECK_EQ(-EINVAL, go_listen(bad[i][0], bad[i][1]));
    }
    CHECK_EQ(-EINVAL, go_dial(NULL, "127.0.0.1:1"));
    CHECK_EQ(-EINVAL, go_dial("tcp", NULL));
}

TEST(accepting_gives_up_at_its_deadline)
{
    int fd = go_listen("tcp", "127.0.0.1:0");
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    CHECK_EQ(-EAGAIN, go_accept_until(fd, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_accept_until(fd, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(0, go_close(fd));
}

static void accept_one(void *arg)
{
    struct server *s = arg;

    CHECK_EQ(-EBADF, go_accept(s->fd));
    atomic_store(&s->stop, true);
}

TEST(closing_wakes_who_accepts)
{
    struct server *s = test_alloc(sizeof *s);

    s->fd = go_listen("tcp", "127.0.0.1:0");
    test_start_until_blocked(accept_one, s);
    CHECK_EQ(0, go_close(s->fd));
    EVENTUALLY(atomic_load(&s->stop));
}

struct callers {
    struct server *s;
};

static void call_often(void *arg, int index)
{
    struct callers *c = arg;

    (void)index;
    for (int i = 0; i < SCALED(20); i++)
        call("tcp", c->s->address);
}

TEST(many_clients_at_once)
{
    struct callers c = {new_server("tcp", "127.0.0.1")};

    crew_run(50, call_often, &c);
    CHECK_EQ(50 * SCALED(20), atomic_load(&c.s->accepted));
    stop_server(c.s);
}

static bool sends_at_once(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;

    CHECK_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size));
    return on;
}

TEST(both_sides_of_a_connection_send_at_once)
{
    int listener = go_listen("tcp", "127.0.0.1:0"), dialed, accepted;
    char address[32];

    snprintf(address, sizeof address, "127.0.0.1:%d", port_of(listener));
    dialed = go_dial("tcp", address);
    accepted = go_accept(listener);
    if (CHECK(dialed >= 0) && CHECK(accepted >= 0)) {
        CHECK(sends_at_once(dialed));
        CHECK(sends_at_once(accepted));
    }
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(dialed));
    CHECK_EQ(0, go_close(listener));
}
