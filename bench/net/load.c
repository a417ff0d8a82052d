/* Puts a server under load and measures: build/bench/net/load WORKLOAD PORT CONNECTIONS SECONDS PID, where PID is the server's.
 *
 *   echo      each connection sends 64 bytes, waits for them to come back, and sends the next
 *   stream    each keeps 8 messages of 1024 bytes on the way
 *   idle      one connection sends a byte to a server that has had nothing to do for 1 to 2 ms
 *   accept    each connects, sends a byte, waits for it to come back, and connects anew
 *
 * These are closed loops: a connection sends when its answer is there, so the server is as busy as it can be, and a time is from
 * sending to the end of the answer. What comes back is compared, byte by byte, with what was sent.
 *
 * Prints "name unit value" lines: WORKLOAD ns (of wall time for an operation), WORKLOAD_p50 ..._p99 ..._p999 ..._max us, and
 * WORKLOAD_cpu ns (that the server has used of its processor for an operation). The first fifth of the time is not counted.
 *
 *   load check PORT    sends pipelined and divided requests to a plaintext server and looks at the replies
 *   load cpu PID...    prints the nanoseconds of processor that these have used
 *   load port          prints a port that is free
 *   load ping PORT     fails while nobody accepts connections there
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

enum { EVENTS = 256, LEAST = 100 /* operations */, PATTERN = 1 << 16, CHUNK = 1 << 16, DEPTH_MOST = 8 };

#define SECOND      1000000000ll
#define MILLISECOND 1000000ll
#define PATIENCE    (10 * SECOND) /* without anything coming back */

/* A connection, and the stream of bytes that it sends and expects back: pattern from `seed` on. */
struct conn {
    int fd;
    uint32_t seed, sent, received; /* bytes of the stream; only the last 16 bits count */
    size_t to_send;                /* of what may be on the way: not sent yet */
    size_t of_message;             /* received of the current one */
    uint32_t oldest, newest;       /* messages on the way */
    int64_t sent_at[DEPTH_MOST];
};

static struct workload {
    const char *name;
    size_t message;
    uint32_t depth;
} workload;

static struct histogram times;
static bool counting;
static uint64_t operations;
static int port, poller;
static char pattern[PATTERN + CHUNK];

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "wrong");
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        die("no such process");
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void make_pattern(void)
{
    uint64_t x = 88172645463325252;
    for (size_t i = 0; i < sizeof pattern; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        pattern[i] = i < PATTERN ? (char)x : pattern[i - PATTERN];
    }
}

static void operation(int64_t began, int64_t ended)
{
    if (!counting)
        return;
    operations++;
    histogram_add(&times, ended - began);
}

/* The server has room for it: on this machine that takes no time. */
static int connect_to_server(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void watch(struct conn *c, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(poller, how, c->fd, &event) != 0)
        die("epoll_ctl");
}

/* ---- echo and stream ---- */

static void send_some(struct conn *c)
{
    while (c->to_send) {
        ssize_t n = send(c->fd, pattern + (c->seed + c->sent) % PATTERN, c->to_send, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            die("send");
        c->sent += (uint32_t)n;
        c->to_send -= (size_t)n;
    }
}

static void fill(struct conn *c, int64_t when)
{
    while (c->newest - c->oldest < workload.depth) {
        c->sent_at[c->newest++ % DEPTH_MOST] = when;
        c->to_send += workload.message;
    }
    send_some(c);
}

static void receive_some(struct conn *c)
{
    static char buffer[CHUNK];
    ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("receive: the server has ended the connection");
    errno = 0;
    if (memcmp(buffer, pattern + (c->seed + c->received) % PATTERN, (size_t)n) != 0)
        die("what came back");
    if (c->sent - c->received < (uint32_t)n)
        die("more came back than was sent");
    c->received += (uint32_t)n;
    c->of_message += (size_t)n;
    int64_t when = now();
    for (; c->of_message >= workload.message; c->of_message -= workload.message)
        operation(c->sent_at[c->oldest++ % DEPTH_MOST], when);
    fill(c, when);
}

static void start_streams(int count)
{
    for (int i = 0; i < count; i++) {
        struct conn *c = calloc(1, sizeof *c);
        if (!c)
            die("calloc");
        c->fd = connect_to_server();
        c->seed = (uint32_t)i * 97;
        watch(c, EPOLLIN | EPOLLOUT | EPOLLET, EPOLL_CTL_ADD);
        fill(c, now());
    }
}

static void stream_ready(struct conn *c, uint32_t events)
{
    if (events & EPOLLOUT)
        send_some(c);
    if (events & ~(uint32_t)EPOLLOUT)
        receive_some(c);
}

/* ---- accept ---- */

static void connect_anew(struct conn *c)
{
    c->seed++;
    c->sent_at[0] = now();
    c->fd = connect_to_server();
    if (send(c->fd, pattern + c->seed % PATTERN, 1, MSG_NOSIGNAL) != 1)
        die("send");
    watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void start_connecting(int count)
{
    for (int i = 0; i < count; i++) {
        struct conn *c = calloc(1, sizeof *c);
        if (!c)
            die("calloc");
        c->seed = (uint32_t)i * 97;
        connect_anew(c);
    }
}

/* Closed by a reset: else its port would be taken for a minute. */
static void accepted(struct conn *c, uint32_t events)
{
    char byte;
    struct linger at_once = {.l_onoff = 1};
    (void)events;
    errno = 0;
    if (recv(c->fd, &byte, 1, 0) != 1 || byte != pattern[c->seed % PATTERN])
        die("what came back");
    operation(c->sent_at[0], now());
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(c->fd);
    connect_anew(c);
}

/* ---- driving them ---- */

static void turn(void (*ready)(struct conn *, uint32_t))
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(poller, events, EVENTS, PATIENCE / MILLISECOND);
    errno = n ? errno : ETIMEDOUT;
    if (n <= 0)
        die("wait");
    for (int i = 0; i < n; i++)
        ready(events[i].data.ptr, events[i].events);
}

/* On a machine that is busy with other things, longer than that. */
static bool is_over(int64_t until)
{
    return now() >= until && (!counting || operations >= LEAST);
}

static void drive(void (*ready)(struct conn *, uint32_t), int64_t until)
{
    while (!is_over(until))
        turn(ready);
}

static void idle_until(int fd, int64_t until)
{
    for (uint32_t i = 0; !is_over(until); i++) {
        struct timespec pause = {.tv_nsec = MILLISECOND + i * 7919 % MILLISECOND};
        char byte;
        nanosleep(&pause, NULL);
        int64_t began = now();
        if (send(fd, pattern + i % PATTERN, 1, MSG_NOSIGNAL) != 1)
            die("send");
        errno = 0;
        if (recv(fd, &byte, 1, 0) != 1 || byte != pattern[i % PATTERN])
            die("what came back");
        operation(began, now());
    }
}

static void print(const char *suffix, const char *unit, double value)
{
    printf("%s%s %s %.4f\n", workload.name, suffix, unit, value);
}

static void report(int64_t took, int64_t cpu)
{
    print("", "ns", (double)took / (double)operations);
    print("_p50", "us", histogram_quantile(&times, 0.5) / 1e3);
    print("_p99", "us", histogram_quantile(&times, 0.99) / 1e3);
    print("_p999", "us", histogram_quantile(&times, 0.999) / 1e3);
    print("_max", "us", (double)times.most / 1e3);
    print("_cpu", "ns", (double)cpu / (double)operations);
}

static void measure(int connections, double seconds, pid_t server)
{
    bool accepts = strcmp(workload.name, "accept") == 0, idles = strcmp(workload.name, "idle") == 0;
    int fd = idles ? connect_to_server() : -1;
    void (*ready)(struct conn *, uint32_t) = accepts ? accepted : stream_ready;
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (accepts)
        start_connecting(connections);
    else if (!idles)
        start_streams(connections);
    int64_t length = (int64_t)(seconds * (double)SECOND), start = now(), began = 0, cpu = 0;
    for (int part = 0; part < 2; part++) {
        began = now();
        cpu = cpu_of(server);
        counting = part == 1;
        if (idles)
            idle_until(fd, start + (part ? length : length / 5));
        else
            drive(ready, start + (part ? length : length / 5));
    }
    report(now() - began, cpu_of(server) - cpu);
}

/* ---- the other services ---- */

/* Exactly so many replies with the right body, before anything else. */
static void expect_replies(int fd, int count)
{
    static const char start[] = "HTTP/1.1 200 OK\r\n", end[] = "\r\n\r\nHello, World!";
    char got[4096];
    size_t have = 0;
    struct timeval patience = {.tv_sec = PATIENCE / SECOND};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (int seen = 0; seen < count;) {
        ssize_t n = recv(fd, got + have, sizeof got - have, 0);
        if (n <= 0)
            die("the replies");
        have += (size_t)n;
        const char *at = got, *found;
        errno = 0;
        for (seen = 0; (found = memmem(at, (size_t)(got + have - at), end, sizeof end - 1)); seen++) {
            if (memcmp(at, start, sizeof start - 1) != 0)
                die("the start of a reply");
            at = found + sizeof end - 1;
        }
        if (seen > count || (seen == count && at != got + have))
            die("more came than was asked for: this");
    }
}

static void check_plaintext(void)
{
    static const char request[] = "GET /plaintext HTTP/1.1\r\nHost: here\r\n\r\n";
    char two[2 * sizeof request];
    int fd = connect_to_server();
    snprintf(two, sizeof two, "%s%s", request, request);
    send(fd, two, strlen(two), MSG_NOSIGNAL);
    expect_replies(fd, 2);
    for (size_t i = 0; i < strlen(request); i++)
        send(fd, request + i, 1, MSG_NOSIGNAL);
    expect_replies(fd, 1);
    close(fd);
}

static void print_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("bind");
    printf("%d\n", ntohs(address.sin_port));
}

static void print_cpu(int count, char **pids)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += cpu_of(atoi(pids[i]));
    printf("%" PRId64 "\n", sum);
}

int main(int argc, char **argv)
{
    static const struct workload workloads[] = {{"echo", 64, 1}, {"stream", 1024, 8}, {"idle", 1, 1}, {"accept", 1, 1}};
    make_pattern();
    port = argc > 2 ? atoi(argv[2]) : 0;
    for (size_t i = 0; argc == 6 && i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(argv[1], workloads[i].name) == 0)
            workload = workloads[i];
    if (workload.name)
        measure(atoi(argv[3]), atof(argv[4]), atoi(argv[5]));
    else if (argc == 3 && strcmp(argv[1], "check") == 0)
        check_plaintext();
    else if (argc > 2 && strcmp(argv[1], "cpu") == 0)
        print_cpu(argc - 2, argv + 2);
    else if (argc == 3 && strcmp(argv[1], "ping") == 0)
        close(connect_to_server());
    else if (argc == 2 && strcmp(argv[1], "port") == 0)
        print_free_port();
    else
        return fprintf(stderr, "usage: %s echo|stream|idle|accept PORT CONNECTIONS SECONDS PID\n", argv[0]), 2;
    return 0;
}
