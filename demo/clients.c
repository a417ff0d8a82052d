/* The clients of server.c: some ask for the light endpoint at a fixed rate, others hammer a computing one.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: clients PORT ENDPOINT EXPECTED SECONDS HAMMERS OUT
 * Light requests are due every millisecond, on 32 connections by turns, whether or not earlier ones have been answered, and the
 * time of each counts from the moment when it was due to the moment when its reply is there: a server that stops for a second has
 * made all those wait that were due meanwhile. Each hammer is a connection that asks again as soon as it has its reply. After the
 * last light request is due, all replies are awaited, and then what the server has to tell of itself, if anything. What the
 * ENDPOINT sends is compared with the file EXPECTED, byte for byte.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

enum { LIGHT = 32, ROOM = 4096, MOST_REQUESTS = 60000, PATIENCE = 20 };

#define SECOND   1000000000ll
#define INTERVAL 1000000ll

static const char light_request[] = "GET /light HTTP/1.1\r\nHost: here\r\n\r\n";
static const char statistics_request[] = "GET /statistics HTTP/1.1\r\nHost: here\r\n\r\n";

struct client {
    int fd;
    bool hammers;
    int asked, answered;                    /* requests of this connection */
    int64_t due[MOST_REQUESTS / LIGHT + 1]; /* of the light ones */
    char in[ROOM + 1];
    size_t have;
};

static char compute_request[128];
static char light_reply[128], compute_reply[ROOM]; /* what each must be */
static int64_t late[MOST_REQUESTS];
static int lights_asked, lights_answered, computed, wrong;
static bool ending;

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void make_messages(const char *endpoint, const char *expected)
{
    size_t size;
    char *body = (char *)load_text(expected, &size);

    snprintf(compute_request, sizeof(compute_request), "GET /%s HTTP/1.1\r\nHost: here\r\n\r\n", endpoint);
    snprintf(compute_reply, sizeof(compute_reply), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s", size, (int)size, body);
    snprintf(light_reply, sizeof(light_reply), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlight\n");
    free(body);
}

static struct client *new_client(int poller, int port, bool hammers)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *c = calloc(1, sizeof(*c));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    if (!c)
        die("no memory for", "a client");
    c->hammers = hammers;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die("cannot connect:", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("cannot watch:", strerror(errno));
    return c;
}

static void ask(struct client *c)
{
    const char *request = c->hammers ? compute_request : light_request;
    size_t size = strlen(request);

    if (send(c->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("cannot send:", strerror(errno));
    c->asked++;
}

static void ask_for_light(struct client *c, int64_t due)
{
    c->due[c->asked] = due;
    lights_asked++;
    ask(c);
}

static void answered(struct client *c, int64_t when)
{
    if (!c->hammers) {
        late[lights_answered++] = when - c->due[c->answered];
        c->answered++;
        return;
    }
    computed++;
    c->answered++;
    if (!ending)
        ask(c);
}

/* Bytes of the whole reply that begins there, its head included; 0: it is not all there yet. */
static size_t reply_size(const char *reply, size_t have)
{
    const char *end = strstr(reply, "\r\n\r\n"), *length = strstr(reply, "Content-Length: ");
    size_t size;

    if (!end)
        return 0;
    if (!length || length > end)
        die("a reply without a", "Content-Length");
    size = (size_t)(end + 4 - reply) + strtoul(strchr(length, ' '), NULL, 10);
    if (size > ROOM)
        die("a reply is longer than", "any that is expected");
    return size <= have ? size : 0;
}

static void fill(struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->have, ROOM - c->have, 0);

    if (n <= 0)
        die("the server has ended", "a connection");
    c->have += (size_t)n;
    c->in[c->have] = 0;
}

static void receive(struct client *c)
{
    const char *wanted = c->hammers ? compute_reply : light_reply;
    size_t used = 0, size;

    fill(c);
    for (int64_t when = now(); (size = reply_size(c->in + used, c->have - used)) > 0; used += size) {
        wrong += size != strlen(wanted) || memcmp(c->in + used, wanted, size) != 0;
        if (c->answered == c->asked)
            die("a reply that nobody asked for to", c->hammers ? compute_request : light_request);
        answered(c, when);
    }
    c->have -= used;
    memmove(c->in, c->in + used, c->have + 1);
}

static void receive_until(int poller, int64_t until)
{
    struct epoll_event events[64];
    int64_t left = until - now();
    struct timespec most = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    int n = left > 0 ? epoll_pwait2(poller, events, 64, &most, NULL) : epoll_wait(poller, events, 64, 0);

    for (int i = 0; i < n; i++)
        receive(events[i].data.ptr);
}

static bool all_answered(struct client **all, int count)
{
    for (int i = 0; i < count; i++) {
        if (all[i]->answered < all[i]->asked)
            return false;
    }
    return true;
}

/* Lines "name number" of the server's own, if it is one that has them; asked when no other reply is to come. */
static const char *statistics(struct client *c)
{
    const size_t size = sizeof(statistics_request) - 1;

    if (send(c->fd, statistics_request, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("cannot send:", strerror(errno));
    while (reply_size(c->in, c->have) == 0)
        fill(c);
    return strncmp(c->in, "HTTP/1.1 200 ", 13) == 0 ? strstr(c->in, "\r\n\r\n") + 4 : "";
}

static void write_report(const char *path, int hammers, int64_t took, const char *more)
{
    FILE *f = fopen(path, "w");

    if (!f)
        die("cannot write", path);
    fprintf(f, "hammers %d\ncomputed %d\ntook %" PRId64 "\nwrong %d\n%s", hammers, computed, took, wrong, more);
    for (int i = 0; i < lights_answered; i++)
        fprintf(f, "late %" PRId64 "\n", late[i]);
    if (fclose(f) != 0)
        die("cannot write", path);
}

int main(int argc, char **argv)
{
    int hammers = argc == 7 ? atoi(argv[5]) : 0, count = LIGHT + hammers, poller = epoll_create1(0);
    int requests = argc == 7 ? (int)(atof(argv[4]) * (double)SECOND / (double)INTERVAL) : 0;
    struct client **all = calloc((size_t)count, sizeof(*all));

    if (hammers < 1 || requests < 1 || requests > MOST_REQUESTS || !all)
        die("usage:", "clients PORT ENDPOINT EXPECTED SECONDS HAMMERS OUT");
    prctl(PR_SET_TIMERSLACK, 1L);
    make_messages(argv[2], argv[3]);
    for (int i = 0; i < count; i++)
        all[i] = new_client(poller, atoi(argv[1]), i >= LIGHT);
    for (int i = LIGHT; i < count; i++)
        ask(all[i]);

    int64_t start = now() + SECOND / 4; /* by then all of them compute */
    while (lights_asked < requests) {
        int64_t due = start + lights_asked * INTERVAL;

        if (now() >= due)
            ask_for_light(all[lights_asked % LIGHT], due);
        else
            receive_until(poller, due);
    }
    int computed_meanwhile = computed;
    int64_t took = now() - start, deadline = now() + PATIENCE * SECOND;
    ending = true;
    while (!all_answered(all, count)) {
        if (now() > deadline)
            die("no reply for", "20 seconds");
        receive_until(poller, deadline);
    }
    computed = computed_meanwhile;
    write_report(argv[6], hammers, took, statistics(all[0]));
    return 0;
}
