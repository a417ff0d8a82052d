/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "net.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct sockaddr_in6 taken(int fd)
{
    struct sockaddr_in6 at = {0};
    socklen_t size = sizeof at;

    CHECK_EQ(0, getsockname(fd, (struct sockaddr *)&at, &size));
    return at;
}

int net_port(int fd)
{
    return ntohs(taken(fd).sin6_port); /* at the same place in an IPv4 one */
}

void net_words(int fd, char words[NET_WORDS])
{
    struct sockaddr_in6 at = taken(fd);
    char host[64];

    if (at.sin6_family == AF_INET6)
        inet_ntop(AF_INET6, &at.sin6_addr, host, sizeof host);
    else
        inet_ntop(AF_INET, &((struct sockaddr_in *)&at)->sin_addr, host, sizeof host);
    snprintf(words, NET_WORDS, at.sin6_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, net_port(fd));
}

int net_listen(char words[NET_WORDS])
{
    int fd = go_listen("tcp", "127.0.0.1:0");

    CHECK(fd >= 0);
    net_words(fd, words);
    return fd;
}

void net_tcp_pair(int ends[2])
{
    char words[NET_WORDS];
    int listener = net_listen(words);

    ends[0] = go_dial("tcp", words);
    CHECK(ends[0] >= 0);
    ends[1] = go_accept(listener);
    CHECK(ends[1] >= 0);
    CHECK_EQ(0, go_close(listener));
}

void net_unix_pair(int type, int ends[2])
{
    CHECK_EQ(0, socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
}

void net_close_both(int ends[2])
{
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

int net_move_up(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, NET_NOBODYS);

    CHECK(high >= NET_NOBODYS);
    CHECK_EQ(0, go_close(fd));
    return high;
}

ptrdiff_t net_copy(int from, int to, char *buffer, size_t size)
{
    ptrdiff_t n, sum = 0;

    while ((n = go_read(from, buffer, size)) > 0) {
        CHECK_EQ(n, go_write(to, buffer, (size_t)n));
        sum += n;
    }
    CHECK_EQ(0, n);
    return sum;
}

void net_will_reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    CHECK_EQ(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

static ptrdiff_t write_what_fits(int fd)
{
    static char filler[65536];
    ptrdiff_t n, sum = 0;

    while ((n = go_write_until(fd, filler, sizeof filler, GO_NOW)) > 0 || (n = go_write_until(fd, filler, 1, GO_NOW)) > 0)
        sum += n;
    CHECK_EQ(-EAGAIN, n);
    return sum;
}

/* What the peer's side takes over leaves room again, perhaps for less than is worth being told of: full is what stays full. */
ptrdiff_t net_fill(int fd)
{
    ptrdiff_t sum = write_what_fits(fd), more;
    int room;

    do {
        room = go_wait_fd(fd, GO_WRITABLE, go_deadline(100 * GO_MILLISECOND));
        sum += more = write_what_fits(fd);
    } while (more || room == GO_WRITABLE);
    return sum;
}

/* ---- one that answers nobody ---- */

static bool connects(int fd, const struct sockaddr_in *at)
{
    struct pollfd one = {.fd = fd, .events = POLLOUT};

    if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0)
        return true;
    return poll(&one, 1, 200) == 1 && !(one.revents & (POLLERR | POLLHUP));
}

/* Connects to itself until nobody answers any more. */
void net_silent_start(struct net_silent *s, const char *host, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    CHECK_EQ(1, inet_pton(AF_INET, host, &at.sin_addr));
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK_EQ(0, bind(s->fd, (struct sockaddr *)&at, sizeof at));
    CHECK_EQ(0, listen(s->fd, 0));
    at.sin_port = htons((uint16_t)net_port(s->fd));
    net_words(s->fd, s->words);
    for (s->n = 0; s->n < 64;) {
        int fd = s->fillers[s->n++] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (!connects(fd, &at))
            return;
    }
    CHECK(s->n < 64);
}

void net_silent_speak(struct net_silent *s)
{
    int fd;

    while (s->n > 0)
        close(s->fillers[--s->n]);
    while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
}

void net_silent_stop(struct net_silent *s)
{
    while (s->n > 0)
        close(s->fillers[--s->n]);
    close(s->fd);
}

/* ---- calls ---- */

static ptrdiff_t do_call(struct net_call *c)
{
    static const char much[NET_MUCH];

    switch (c->what) {
    case NET_READ:
        return go_read_until(c->fd, &c->byte, 1, c->deadline);
    case NET_WRITE:
        return go_write_until(c->fd, "x", 1, c->deadline);
    case NET_WRITE_MUCH:
        return go_write_until(c->fd, much, sizeof much, c->deadline);
    case NET_ACCEPT:
        return go_accept_until(c->fd, c->deadline);
    case NET_WAIT_READABLE:
        return go_wait_fd(c->fd, GO_READABLE, c->deadline);
    case NET_WAIT_WRITABLE:
        return go_wait_fd(c->fd, GO_WRITABLE, c->deadline);
    case NET_WAIT_EITHER:
        return go_wait_fd(c->fd, GO_READABLE | GO_WRITABLE, c->deadline);
    }
    return -EINVAL;
}

static void make_call(void *arg)
{
    struct net_call *c = arg;

    c->result = do_call(c);
    atomic_store(&c->done, true);
}

struct net_call *net_start_until(enum net_what what, int fd, int64_t deadline)
{
    struct net_call *c = test_alloc(sizeof *c);

    *c = (struct net_call){.what = what, .fd = fd, .deadline = deadline};
    test_start_until_blocked(make_call, c);
    return c;
}

struct net_call *net_start(enum net_what what, int fd)
{
    return net_start_until(what, fd, GO_FOREVER);
}

ptrdiff_t net_result(struct net_call *c)
{
    EVENTUALLY(atomic_load(&c->done));
    return c->result;
}

int net_open_count(void)
{
    DIR *all = opendir("/proc/self/fd");
    struct dirent *one;
    int n = 0;

    while (all && (one = readdir(all)))
        n += one->d_name[0] != '.' && test_fd_stays(atoi(one->d_name));
    if (all)
        closedir(all);
    return n;
}
