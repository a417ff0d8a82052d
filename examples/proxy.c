/* Forwards each connection to another address, bytes in both directions as they come. An end in one direction is passed on as just
 * that. A line for each connection says how much it was.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>

#include "server/server.h"

static const char *target;

/* One direction of a connection. */
struct flow {
    int from, to;
    uint64_t bytes;
    go_waitgroup *done;
};

static void forward(void *arg)
{
    struct flow *f = arg;
    char bytes[16 * 1024];
    ptrdiff_t n;

    while ((n = go_read(f->from, bytes, sizeof bytes)) > 0 && go_write(f->to, bytes, (size_t)n) == n)
        f->bytes += (uint64_t)n;
    go_shutdown(f->to, GO_WRITABLE);
    go_waitgroup_done(f->done);
}

static void join(int client, int server)
{
    go_waitgroup done = {{0}};
    struct flow there = {client, server, 0, &done}, back = {server, client, 0, &done};

    go_waitgroup_add(&done, 2);
    if (go(forward, &there) < 0) {
        go_waitgroup_done(&done);
        go_shutdown(server, GO_WRITABLE);
    }
    forward(&back);
    go_waitgroup_wait(&done);
    printf("%llu bytes there, %llu bytes back\n", (unsigned long long)there.bytes, (unsigned long long)back.bytes);
    fflush(stdout);
}

static void serve(void *arg)
{
    int client = (int)(intptr_t)arg;
    int server = go_dial("tcp", target);

    if (server >= 0) {
        join(client, server);
        go_close(server);
    } else {
        fprintf(stderr, "%s: %s\n", target, go_strerror(server));
    }
    go_close(client);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST:PORT TARGET_HOST:PORT\n", argv[0]);
        return 2;
    }
    target = argv[2];

    int listener = server_listen(argv[1]), fd;

    while ((fd = go_accept(listener)) >= 0)
        if (go(serve, (void *)(intptr_t)fd) < 0)
            go_close(fd);
    fprintf(stderr, "accept: %s\n", go_strerror(fd));
    return 1;
}
