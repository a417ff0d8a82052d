/* The same servers as an event loop written by hand, the yardstick: build/bench/net/epoll echo|plaintext THREADS. The first line
 * that it prints is the port on 127.0.0.1.
 *
 * A thread, a listening socket (SO_REUSEPORT) and an epoll for each processor; nothing is shared. Edge-triggered: each connection
 * is registered once, a read that does not fill the buffer has emptied the socket, and what can be sent is sent at once, from
 * buffers of the thread's own. So a request costs one read, one send, and its share of an epoll_wait. Level-triggered, epoll
 * would ask each socket once more at the next wait.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "plaintext.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, CHUNK = 16384 };

struct conn {
    int fd;
    bool ended;         /* the other side has: read until it shows */
    size_t have;        /* of `in`: the start of a request */
    char *unsent;       /* what the socket had no room for; nothing is read until it is gone */
    size_t left, begin; /* its size, and where it begins */
    char in[PLAINTEXT_IN];
};

enum outcome { GO_ON, WAIT, END };

static enum outcome (*serve)(struct conn *c);
static size_t conn_size;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "epoll: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- sending ---- */

static enum outcome keep(struct conn *c, const char *bytes, size_t size)
{
    if (!(c->unsent = malloc(size)))
        return END;
    memcpy(c->unsent, bytes, size);
    c->left = size;
    c->begin = 0;
    return WAIT;
}

static enum outcome send_all(struct conn *c, const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? keep(c, bytes, size) : END;
        bytes += sent;
        size -= (size_t)sent;
    }
    return GO_ON;
}

static enum outcome send_unsent(struct conn *c)
{
    while (c->left) {
        ssize_t sent = send(c->fd, c->unsent + c->begin, c->left, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? WAIT : END;
        c->begin += (size_t)sent;
        c->left -= (size_t)sent;
    }
    free(c->unsent);
    c->unsent = NULL;
    return GO_ON;
}

/* ---- serving: one read and what follows from it ---- */

/* What follows from the size of a read where there was room for more. */
static enum outcome after_read(struct conn *c, ssize_t got, size_t room)
{
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? WAIT : END;
    return (size_t)got < room && !c->ended ? WAIT : GO_ON;
}

static enum outcome echo(struct conn *c)
{
    static __thread char buffer[CHUNK];
    ssize_t got = recv(c->fd, buffer, CHUNK, 0);
    enum outcome next = after_read(c, got, CHUNK);
    enum outcome sent = got > 0 ? send_all(c, buffer, (size_t)got) : next;
    return sent == GO_ON ? next : sent;
}

static enum outcome reply(struct conn *c)
{
    static __thread char out[PLAINTEXT_OUT];
    size_t used = 0, ready;
    enum outcome sent;
    do {
        ready = 0;
        used += plaintext_answer(c->in + used, c->have - used, out, &ready);
        sent = send_all(c, out, ready);
    } while (ready && sent == GO_ON);
    c->have -= used;
    memmove(c->in, c->in + used, c->have);
    return c->have < PLAINTEXT_IN ? sent : END;
}

static enum outcome plaintext(struct conn *c)
{
    size_t room = PLAINTEXT_IN - c->have;
    ssize_t got = recv(c->fd, c->in + c->have, room, 0);
    enum outcome next = after_read(c, got, room);
    if (got <= 0)
        return next;
    c->have += (size_t)got;
    /* Where replies had no room, the rest of the requests is answered after them. */
    enum outcome sent = reply(c);
    return sent == GO_ON ? next : sent;
}

static void ready(struct conn *c, uint32_t events)
{
    enum outcome next = GO_ON;
    c->ended |= events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (c->unsent) {
        next = send_unsent(c);
        if (next == GO_ON && c->have)
            next = reply(c);
    } else if (!(events & ~(uint32_t)EPOLLOUT)) {
        return;
    }
    while (next == GO_ON)
        next = serve(c);
    if (next == END) {
        close(c->fd);
        free(c->unsent);
        free(c);
    }
}

/* ---- the loop ---- */

static void accept_all(int poller, int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = calloc(1, conn_size);
        if (!c)
            die("calloc");
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
            die("epoll_ctl");
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        die("accept");
}

static void *loop(void *arg)
{
    int listener = (int)(intptr_t)arg, poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening) != 0)
        die("epoll");
    for (;;) {
        int n = epoll_wait(poller, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                ready(events[i].data.ptr, events[i].events);
            else
                accept_all(poller, listener);
        }
    }
    return NULL;
}

/* A socket on this port, or on a free one, which is then that of all. */
static int listen_on(in_port_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = *port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || /* so will those be that it accepts */
        bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    *port = address.sin_port;
    return fd;
}

int main(int argc, char **argv)
{
    in_port_t port = 0;
    bool echoes = argc == 3 && strcmp(argv[1], "echo") == 0;
    if (argc != 3 || (!echoes && strcmp(argv[1], "plaintext") != 0)) {
        fprintf(stderr, "usage: %s echo|plaintext THREADS\n", argv[0]);
        return 2;
    }
    serve = echoes ? echo : plaintext;
    conn_size = echoes ? offsetof(struct conn, in) : sizeof(struct conn);
    int first = listen_on(&port);
    for (int i = 1; i < atoi(argv[2]); i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, loop, (void *)(intptr_t)listen_on(&port)) != 0)
            die("pthread_create");
    }
    printf("%d\n", ntohs(port));
    fflush(stdout);
    loop((void *)(intptr_t)first);
}
