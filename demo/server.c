/* A server with three kinds of requests: GET /light is answered at once, GET /compute after some hundreds of milliseconds of
 * computing without a call of any library, GET /packages after as long inside zlib and SQLite. GET /statistics tells what
 * preemption did. server.go does the first two.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: server TEXT      the first line that it prints is its port on 127.0.0.1
 */
#define _GNU_SOURCE
#include <goroutine.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"
#include "packages.h"

enum { PASSES = 4, LONGEST_HEAD = 1024, LONGEST_BODY = PACKAGES_BODY };

static const uint8_t *text;
static size_t text_size;

static bool reply(int fd, const char *status, const char *body)
{
    char out[LONGEST_BODY + 128];
    int n = snprintf(out, sizeof(out), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);

    return go_write(fd, out, (size_t)n) == n;
}

static bool reply_computed(int fd, struct work **work)
{
    struct result found;
    char body[LONGEST_BODY];
    int n = 0;

    if (!*work)
        *work = new_work(text, text_size);
    for (int pass = 0; pass < PASSES; pass++)
        work_pass(*work, &found);
    for (int i = 0; i < RESULTS; i++)
        n += snprintf(body + n, sizeof(body) - (size_t)n, "%s %" PRIu64 "\n", result_names[i], found.value[i]);
    return reply(fd, "200 OK", body);
}

static bool reply_packages(int fd)
{
    char body[PACKAGES_BODY];

    packages_pass(text, text_size, body);
    return reply(fd, "200 OK", body);
}

static bool reply_statistics(int fd)
{
    struct go_stats s;
    char body[LONGEST_BODY];

    go_stats_read(&s, sizeof(s));
    snprintf(body, sizeof(body), "signals %" PRIu64 "\npreemptions %" PRIu64 "\nforeign %" PRIu64 "\n", s.preempt_requests,
             s.preemptions, s.refusals[GO_REFUSED_FOREIGN]);
    return reply(fd, "200 OK", body);
}

static bool answer(int fd, const char *head, struct work **work)
{
    if (strncmp(head, "GET /light ", 11) == 0)
        return reply(fd, "200 OK", "light\n");
    if (strncmp(head, "GET /compute ", 13) == 0)
        return reply_computed(fd, work);
    if (strncmp(head, "GET /packages ", 14) == 0)
        return reply_packages(fd);
    if (strncmp(head, "GET /statistics ", 16) == 0)
        return reply_statistics(fd);
    return reply(fd, "404 Not Found", "");
}

/* Requests may come several at a time, or in parts. */
static void serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    struct work *work = NULL;
    char in[LONGEST_HEAD + 1];
    size_t have = 0;
    ptrdiff_t got;
    bool open = true;

    while (open && have < LONGEST_HEAD && (got = go_read(fd, in + have, LONGEST_HEAD - have)) > 0) {
        char *head = in, *end;

        have += (size_t)got;
        in[have] = 0;
        for (; open && (end = strstr(head, "\r\n\r\n")); head = end + 4)
            open = answer(fd, head, &work);
        have -= (size_t)(head - in);
        memmove(in, head, have);
    }
    go_close(fd);
    if (work) {
        free(work->packed);
        free(work->restored);
        free(work);
    }
}

static int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);

    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
    static const struct go_attr attr = {.stack_size = PACKAGES_STACK};
    int listener = go_listen("tcp", "127.0.0.1:0"), fd;

    if (argc != 2)
        die("usage:", "server TEXT");
    if (listener < 0)
        die("cannot listen:", go_strerror(listener));
    text = load_text(argv[1], &text_size);
    printf("%d\n", port_of(listener));
    fflush(stdout);
    while ((fd = go_accept(listener)) >= 0) {
        if (go_spawn_attr(&attr, serve, (void *)(intptr_t)fd) < 0)
            die("cannot start", "a goroutine");
    }
    die("cannot accept:", go_strerror(fd));
}
