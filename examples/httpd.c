/* A web server: a goroutine for each connection, plain blocking code in each.
 *
 * The address that it listens on is its first line. SIGTERM and SIGINT stop it: nobody is let in any more, connections that wait
 * for a request are closed, requests that have begun to come in are answered. Its last line says what it did, and how many
 * goroutines are left beside main: none. It exits with 0, or with 1 where it had to cut somebody off.
 *
 * http/http.h tells requests from garbage, http/conn.h is a connection, http/pages.h are the pages.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "http/pages.h"
#include "server/server.h"

enum { BACKLOG = 4096 }; /* more connections than can wait to be accepted */

static struct options {
    const char *address, *root, *file;
    int most;      /* connections at once */
    int64_t grace; /* to finish what has begun, at the end */
} options = {.address = "127.0.0.1:8080", .root = ".", .most = 10000, .grace = 30 * GO_SECOND};

static struct server server = {
    .limits = {.head = 16 * 1024, .target = 8 * 1024, .fields = 100, .body = 1024 * 1024},
    .idle_time = 60 * GO_SECOND,
    .request_time = 30 * GO_SECOND,
    .answer = pages_answer,
};

static int listener;
static go_sem places;                   /* for connections */
static go_waitgroup serving, accepting; /* one for each connection; one for who accepts them */
static go_ctx *open, *day;              /* until no more are accepted; until nobody needs the time any more */

/* ---- connections ---- */

static void serve(void *arg)
{
    struct conn c; /* not set up: what is not used of it takes no memory */

    conn_run(&c, &server, (int)(intptr_t)arg);
    go_sem_release(&places, 1);
    go_waitgroup_done(&serving);
}

static void begin_to_serve(int fd)
{
    go_waitgroup_add(&serving, 1);
    if (go(serve, (void *)(intptr_t)fd) == 0)
        return;
    go_close(fd);
    go_sem_release(&places, 1);
    go_waitgroup_done(&serving);
}

/* Those who have connected and were not accepted yet may have sent their requests. */
static void accept_last(void)
{
    int fd;

    for (int i = 0; i < BACKLOG && (fd = go_accept_until(listener, GO_NOW)) >= 0; i++)
        begin_to_serve(fd);
}

static void accept_all(void *unused)
{
    int fd = 0;

    (void)unused;
    while (go_sem_acquire_ctx(open, &places, 1) == 0 && (fd = go_accept_ctx(open, listener)) >= 0)
        begin_to_serve(fd);
    if (fd < 0 && fd != -ECANCELED)
        fprintf(stderr, "accept: %s\n", go_strerror(fd));
    accept_last();
    go_close(listener);
    go_waitgroup_done(&accepting);
}

/* ---- the time of day ---- */

static void set_clock(void)
{
    atomic_store_explicit(&server.second, (int64_t)time(NULL), memory_order_relaxed);
}

static void keep_clock(void *unused)
{
    (void)unused;
    while (go_sleep_ctx(day, GO_SECOND) == 0)
        set_clock();
}

/* ---- options ---- */

static void usage(const char *name)
{
    fprintf(stderr,
            "usage: %s [-l HOST:PORT] [-r FOLDER] [-d FILE] [-c CONNECTIONS] [-b BYTES] [-i MS] [-t MS] [-g MS]\n"
            "  -l  where to listen; port 0 is any that is free (%s)\n"
            "  -r  the folder below which /file/ looks (%s)\n"
            "  -d  the file that /digest digests (none)\n"
            "  -c  connections at once (%d)\n"
            "  -b  bytes that a request's body may have (%llu)\n"
            "  -i  how long a connection may wait for its next request (%lld)\n"
            "  -t  how long a request may take to come in, and a client to take what is written (%lld)\n"
            "  -g  how long a stop waits for the requests that have begun (%lld)\n",
            name, options.address, options.root, options.most, (unsigned long long)server.limits.body,
            (long long)(server.idle_time / GO_MILLISECOND), (long long)(server.request_time / GO_MILLISECOND),
            (long long)(options.grace / GO_MILLISECOND));
    exit(2);
}

/* A number of 1 to 10^9. */
static int number(const char *name, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*end || end == text || n < 1 || n > 1000000000)
        usage(name);
    return (int)n;
}

static void read_options(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "l:r:d:c:b:i:t:g:")) != -1;) {
        switch (option) {
        case 'l':
            options.address = optarg;
            break;
        case 'r':
            options.root = optarg;
            break;
        case 'd':
            options.file = optarg;
            break;
        case 'c':
            options.most = number(argv[0], optarg);
            break;
        case 'b':
            server.limits.body = (uint64_t)number(argv[0], optarg);
            break;
        case 'i':
            server.idle_time = number(argv[0], optarg) * GO_MILLISECOND;
            break;
        case 't':
            server.request_time = number(argv[0], optarg) * GO_MILLISECOND;
            break;
        case 'g':
            options.grace = number(argv[0], optarg) * GO_MILLISECOND;
            break;
        default:
            usage(argv[0]);
        }
    }
    if (optind < argc)
        usage(argv[0]);
}

/* ---- the beginning and the end ---- */

static bool begin(void)
{
    set_clock();
    open = go_ctx_new(NULL);
    day = go_ctx_new(NULL);
    if (!open || !day || server_catch_stop() < 0 || pages_begin(options.root, options.file) < 0)
        return false;
    listener = server_listen(options.address);
    go_sem_release(&places, options.most);
    go_waitgroup_add(&accepting, 1);
    return go(keep_clock, NULL) == 0 && go(accept_all, NULL) == 0;
}

/* True if all who were served got their answers. */
static bool end(void)
{
    go_ctx_cancel(open, 0);
    go_waitgroup_wait(&accepting);
    conn_stop(&server);

    bool in_time = go_waitgroup_wait_until(&serving, go_deadline(options.grace)) == 0;

    if (!in_time) {
        conn_cut(&server);
        go_waitgroup_wait(&serving);
    }
    go_ctx_cancel(day, 0);
    pages_end();
    return in_time;
}

/* Who has said that it is done may still be on its last instructions. */
static int64_t goroutines_left(void)
{
    for (int i = 0; i < 1000 && go_count() > 1; i++)
        go_sleep(GO_MILLISECOND);
    return go_count() - 1;
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    if (!begin())
        return 1;
    server_wait_for_stop();

    bool in_time = end();
    int64_t left = goroutines_left();

    go_ctx_free(open);
    go_ctx_free(day);
    printf("%llu requests on %llu connections, %lld goroutines left\n", (unsigned long long)server.requests,
           (unsigned long long)server.connections, (long long)left);
    return in_time && left == 0 ? 0 : 1;
}
