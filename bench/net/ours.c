/* The servers on libgoroutine, a goroutine for each connection: build/bench/net/ours echo|plaintext. The first line that it
 * prints is the port on 127.0.0.1.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <goroutine.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "plaintext.h"

static void echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char buffer[16384];
    ptrdiff_t got;
    while ((got = go_read(fd, buffer, sizeof buffer)) > 0 && go_write(fd, buffer, (size_t)got) == got)
        ;
    go_close(fd);
}

/* Replies to what is there. False: the connection is at its end. */
static bool reply_to(int fd, char *in, size_t *have)
{
    char out[PLAINTEXT_OUT];
    size_t used = 0, ready;
    do {
        ready = 0;
        used += plaintext_answer(in + used, *have - used, out, &ready);
        if (ready && go_write(fd, out, ready) != (ptrdiff_t)ready)
            return false;
    } while (ready);
    *have -= used;
    memmove(in, in + used, *have);
    return *have < PLAINTEXT_IN;
}

static void plaintext(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char in[PLAINTEXT_IN];
    size_t have = 0;
    ptrdiff_t got;
    while ((got = go_read(fd, in + have, sizeof in - have)) > 0) {
        have += (size_t)got;
        if (!reply_to(fd, in, &have))
            break;
    }
    go_close(fd);
}

static _Noreturn void die(const char *what, int error)
{
    fprintf(stderr, "ours: %s: %s\n", what, go_strerror(error));
    exit(1);
}

static int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
    void (*serve)(void *) = argc == 2 && strcmp(argv[1], "echo") == 0 ? echo : plaintext;
    if (argc != 2 || (serve == plaintext && strcmp(argv[1], "plaintext") != 0)) {
        fprintf(stderr, "usage: %s echo|plaintext\n", argv[0]);
        return 2;
    }
    int listener = go_listen("tcp", "127.0.0.1:0"), fd;
    if (listener < 0)
        die("listen", listener);
    printf("%d\n", port_of(listener));
    fflush(stdout);
    while ((fd = go_accept(listener)) >= 0) {
        int error = go_spawn(serve, (void *)(intptr_t)fd);
        if (error)
            die("spawn", error);
    }
    die("accept", fd);
}
