/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "world.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static int be_member(go_ctx *ctx, void *arg)
{
    struct world *w = arg;

    (void)ctx;
    go_recv(w->end_of_members, NULL);
    return 0;
}

static void make_pair(int type, int *one, int *other)
{
    int fds[2];

    CHECK_EQ(0, socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    *one = fds[0];
    *other = fds[1];
}

/* A local socket that has no room for one more in its queue. */
static void make_crowded(struct world *w)
{
    static atomic_int number;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size;
    int n = snprintf(w->name, sizeof w->name, "@crowded-%d-%d", (int)getpid(), atomic_fetch_add(&number, 1));

    memcpy(at.sun_path + 1, w->name + 1, (size_t)n - 1);
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
    w->crowded_at = at;
    w->crowded_size = size;
    w->crowded = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_EQ(0, bind(w->crowded, (struct sockaddr *)&at, size));
    CHECK_EQ(0, listen(w->crowded, 0));
    while (w->crowds < BACKLOG) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (connect(fd, (struct sockaddr *)&at, size) != 0) {
            close(fd);
            return;
        }
        w->crowd[w->crowds++] = fd;
    }
    CHECK(!"the queue is full");
}

static void make_sockets(struct world *w)
{
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    char bytes[4096] = {0};

    make_pair(SOCK_STREAM, &w->reader, &w->to_reader);
    make_pair(SOCK_STREAM, &w->writer, &w->from_writer);
    make_pair(SOCK_DGRAM, &w->datagrams, &w->to_datagrams);
    make_pair(SOCK_DGRAM, &w->full_datagrams, &w->from_full_datagrams);
    while (write(w->writer, bytes, sizeof bytes) > 0)
        ;
    while (write(w->writer, bytes, 1) > 0)
        ;
    while (send(w->full_datagrams, bytes, 10, 0) > 0)
        ;
    w->listener = go_listen("tcp4", "127.0.0.1:0");
    CHECK_EQ(0, getsockname(w->listener, (struct sockaddr *)&at, &size));
    snprintf(w->address, sizeof w->address, "127.0.0.1:%d", ntohs(at.sin_port));
    make_crowded(w);
    w->file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static void make_child(struct world *w)
{
    char *argv[] = {(char[]){"cat"}, NULL};
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE, GO_CHILD_NULL, GO_CHILD_INHERIT}};

    CHECK_EQ(0, go_child_spawn(&attr, argv, &w->child));
    w->to_child = go_child_pipe(w->child, 0);
    CHECK(w->to_child >= 0);
}

struct world *world_new(void)
{
    struct world *w = test_alloc(sizeof *w);

    w->empty = test_chan(sizeof(int), 1);
    w->full = test_chan(sizeof(int), 1);
    CHECK_EQ(0, go_send(w->full, &(int){1}));
    CHECK_EQ(0, go_mutex_lock(&w->held));
    CHECK_EQ(0, go_rwmutex_lock(&w->write_held));
    CHECK_EQ(0, go_rwmutex_rlock(&w->read_held));
    CHECK_EQ(0, go_waitgroup_add(&w->counter, 1));
    CHECK_EQ(0, go_sem_release(&w->permits, 1));
    w->members = go_group_new(NULL, 0);
    w->end_of_members = test_chan(0, 0);
    CHECK_EQ(0, go_group_spawn(w->members, be_member, w));
    make_sockets(w);
    make_child(w);
    return w;
}

void world_free(struct world *w)
{
    int fds[] = {w->reader,         w->to_reader,           w->writer,   w->from_writer, w->datagrams, w->to_datagrams,
                 w->full_datagrams, w->from_full_datagrams, w->listener, w->crowded,     w->file};

    go_chan_close(w->end_of_members);
    CHECK_EQ(0, go_group_free(w->members));
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        CHECK_EQ(0, go_close(fds[i]));
    for (int i = 0; i < w->crowds; i++)
        close(w->crowd[i]);
    if (w->to_child >= 0)
        CHECK_EQ(0, go_close(w->to_child));
    CHECK_EQ(0, go_child_wait(w->child, NULL));
    CHECK_EQ(0, go_child_free(w->child));
}
