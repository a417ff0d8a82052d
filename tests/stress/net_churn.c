/* Connections that come and go at random, from many goroutines and threads: dialed, talked over, cut short, reset, closed by
 * somebody else, their numbers used again at once. Nobody ever reads what was meant for another, and in the end there is as much as
 * there was at the beginning.
 *
 * NET_CHURN_SECONDS: for how long; 3 if not set, times TEST_SCALE.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "hogs.h"
#include "net.h"
#include "random.h"
#include "sanitizers.h"

enum { CLIENTS = 48, THREADS = 4, ACCEPTORS = 3, MOST = 2000 };

struct churn {
    int64_t end;
    atomic_int tcp, local; /* the listeners; -1: closed just now */
    char tcp_words[NET_WORDS], local_words[NET_WORDS];
    atomic_bool stop;
    atomic_llong dialed, talked, failed, cut, reset, closed_over;
};

/* What ends a connection here, one way or the other. */
static bool is_end(ptrdiff_t n)
{
    return n == -ECONNRESET || n == -EPIPE || n == -ETIMEDOUT || n == 0;
}

/* ---- the server: gives back what it gets, or does what servers do ---- */

static void serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    random_state r = random_seed(fd + (int)(go_now() & 0xffff));
    int most = random_below(&r, 4) ? 1 << 30 : random_below(&r, 5);
    char bytes[700];
    ptrdiff_t n = 1;

    for (int i = 0; i < most && n > 0; i++) {
        n = go_read_until(fd, bytes, sizeof bytes, go_deadline(5 * GO_SECOND));
        if (n > 0)
            n = go_write_until(fd, bytes, (size_t)n, go_deadline(5 * GO_SECOND));
    }
    CHECK(n > 0 || is_end(n));
    if (random_below(&r, 8) == 0)
        net_will_reset(fd);
    CHECK_EQ(0, go_close(fd));
}

static void accept_some(atomic_int *listener)
{
    int fd, number = atomic_load(listener);

    while (number >= 0 && (fd = go_accept_until(number, go_deadline(10 * GO_MILLISECOND))) >= 0)
        CHECK_EQ(0, go(serve, (void *)(intptr_t)fd));
    if (number >= 0 && fd != -ETIMEDOUT && !CHECK(fd == -EBADF || fd == -EINVAL)) /* closed; or another's number meanwhile */
        test_note("accept: %s", go_strerror(fd));
}

static void accept_all(void *arg, int index)
{
    struct churn *c = arg;

    while (!atomic_load(&c->stop)) {
        accept_some(index % 2 ? &c->tcp : &c->local);
        go_yield();
    }
}

/* The listeners go and come again. */
static void replace_listener(struct churn *c, random_state *r)
{
    bool tcp = random_below(r, 2);
    atomic_int *listener = tcp ? &c->tcp : &c->local;
    int fd = atomic_exchange(listener, -1);

    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_sleep(random_below(r, 2000) * GO_MICROSECOND));
    fd = -EADDRINUSE;
    EVENTUALLY((fd = tcp ? go_listen("tcp", c->tcp_words) : go_listen("unix", c->local_words)) != -EADDRINUSE);
    CHECK(fd >= 0);
    atomic_store(listener, fd);
}

/* ---- the clients ---- */

/* A message that names who has sent it, and where each byte stands. */
static size_t make_message(char *at, random_state *r, int id)
{
    size_t size = (size_t)(8 + random_below(r, MOST - 8));

    for (size_t i = 0; i < size; i++)
        at[i] = (char)(id * 31 + (int)i * 7);
    return size;
}

/* As much as comes back is as it was sent. */
static ptrdiff_t talk(struct churn *c, int fd, random_state *r, int id)
{
    char sent[MOST], found[MOST];
    size_t size = make_message(sent, r, id), done = 0;
    int64_t deadline = random_below(r, 10) ? go_deadline(5 * GO_SECOND) : go_deadline(random_below(r, 100) * GO_MICROSECOND);
    ptrdiff_t n = go_write_until(fd, sent, size, deadline);

    while (n > 0 && done < size) {
        n = go_read_until(fd, found + done, size - done, deadline);
        done += n > 0 ? (size_t)n : 0;
    }
    CHECK_MEM(sent, found, done);
    atomic_fetch_add(&c->talked, done == size);
    return n;
}

struct victim {
    int fd;
    go_waitgroup writes;
    ptrdiff_t result;
};

static void write_until_closed(void *arg)
{
    static const char much[NET_MUCH];
    struct victim *v = arg;

    v->result = go_write(v->fd, much, sizeof much);
    go_waitgroup_done(&v->writes);
}

/* Somebody writes, more than anybody takes. What has come back of it says that he is at it: else he might begin when the number is
 * another's already. */
static void close_over_a_writer(int fd)
{
    struct victim v = {.fd = fd};
    char byte;

    go_waitgroup_add(&v.writes, 1);
    if (!CHECK_EQ(0, go(write_until_closed, &v)))
        return;
    if (go_read(fd, &byte, 1) != 1)
        CHECK_EQ(0, go_waitgroup_wait(&v.writes));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_waitgroup_wait(&v.writes));
    if (!CHECK((v.result > 0 && v.result < NET_MUCH) || is_end(v.result)))
        test_note("a writer to what is closed got %td", v.result);
}

static void drain_and_close(int fd)
{
    char bytes[1000];
    ptrdiff_t n = go_shutdown(fd, GO_WRITABLE);

    CHECK(n == 0 || n == -ENOTCONN);
    while ((n = go_read_until(fd, bytes, sizeof bytes, go_deadline(5 * GO_SECOND))) > 0)
        ;
    CHECK(is_end(n) || n == -ENOTCONN);
    CHECK_EQ(0, go_close(fd));
}

static void end_connection(struct churn *c, int fd, random_state *r, bool in_step)
{
    switch (random_below(r, 10)) {
    case 0:
    case 1:
    case 2:
        net_will_reset(fd);
        atomic_fetch_add(&c->reset, 1);
        CHECK_EQ(0, go_close(fd));
        break;
    case 3:
        if (in_step) { /* else what comes back may be of before */
            atomic_fetch_add(&c->closed_over, 1);
            close_over_a_writer(fd);
            break;
        }
        /* fallthrough */
    case 4:
    case 5:
        drain_and_close(fd);
        break;
    default:
        CHECK_EQ(0, go_close(fd));
    }
}

static int dial(struct churn *c, random_state *r)
{
    int64_t deadline = random_below(r, 10) ? go_deadline(10 * GO_SECOND) : go_deadline(random_below(r, 200) * GO_MICROSECOND);

    if (random_below(r, 2))
        return go_dial_until("tcp", c->tcp_words, deadline);
    return go_dial_until("unix", c->local_words, deadline);
}

/* EADDRNOTAVAIL: all ports of this machine wait for the last packets of connections that have ended. */
static void connect_once(struct churn *c, random_state *r, int id)
{
    int fd = dial(c, r);
    ptrdiff_t n = 1;

    atomic_fetch_add(&c->dialed, 1);
    if (fd < 0) {
        atomic_fetch_add(&c->failed, 1);
        if (!CHECK(says_refused(fd) || says_cut_off(fd) || fd == -EADDRNOTAVAIL))
            test_note("dial: %s", go_strerror(fd));
        return;
    }
    for (int i = random_below(r, 6); i > 0 && n > 0; i--)
        n = talk(c, fd, r, id);
    if (!CHECK(n > 0 || is_end(n)))
        test_note("talk: %s", go_strerror((int)n));
    atomic_fetch_add(&c->cut, n <= 0);
    end_connection(c, fd, r, n > 0);
}

/* Its time is not over, or was too short for anybody to have talked. */
static bool goes_on(struct churn *c)
{
    return go_now() < c->end || atomic_load(&c->talked) == 0;
}

static void be_client(void *arg, int index)
{
    struct churn *c = arg;
    random_state r = random_seed(index + (int)getpid());

    for (int id = index * 1000; goes_on(c); id++) {
        connect_once(c, &r, id);
        if (random_below(&r, 20) == 0)
            CHECK_EQ(0, go_sleep(random_below(&r, 300) * GO_MICROSECOND));
    }
}

/* ---- all of it ---- */

static int64_t duration(void)
{
    const char *seconds = getenv("NET_CHURN_SECONDS");

    return seconds && atoi(seconds) > 0 ? atoi(seconds) * GO_SECOND : SCALED(3000) * GO_MILLISECOND;
}

static void run_churn(struct churn *c)
{
    random_state r = random_seed((int)getpid());
    struct crew *acceptors, *clients, *threads;

    c->end = go_deadline(duration());
    acceptors = crew_start(2 * ACCEPTORS, accept_all, c);
    clients = crew_start(CLIENTS, be_client, c);
    threads = crew_start_threads(THREADS, be_client, c);
    while (goes_on(c)) {
        CHECK_EQ(0, go_sleep((10 + random_below(&r, 60)) * GO_MILLISECOND));
        replace_listener(c, &r);
    }
    crew_wait(clients);
    crew_wait(threads);
    atomic_store(&c->stop, true);
    crew_wait(acceptors);
}

static void start_listeners(struct churn *c)
{
    snprintf(c->local_words, sizeof c->local_words, "@libgoroutine-churn-%d", (int)getpid());
    atomic_store(&c->tcp, net_listen(c->tcp_words));
    atomic_store(&c->local, go_listen("unix", c->local_words));
    CHECK(atomic_load(&c->local) >= 0);
}

static void check_churn(int procs, int64_t slice, int hogs)
{
    struct churn *c = test_alloc(sizeof *c);
    struct hogs *h = NULL;
    int before;

    go_maxprocs(procs);
    go_slice(slice);
    start_listeners(c);
    before = net_open_count();
    if (hogs)
        h = hogs_start(hogs, hog_arithmetic);
    run_churn(c);
    if (h)
        hogs_stop(h);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(before, net_open_count());
    CHECK_EQ(0, go_close(atomic_load(&c->tcp)));
    CHECK_EQ(0, go_close(atomic_load(&c->local)));
    test_note("%lld dialed, %lld talked, %lld refused or late, %lld cut short, %lld reset, %lld closed over a writer",
              atomic_load(&c->dialed), atomic_load(&c->talked), atomic_load(&c->failed), atomic_load(&c->cut),
              atomic_load(&c->reset), atomic_load(&c->closed_over));
}

TEST(connections_come_and_go_on_one_processor)
{
    check_churn(1, GO_MILLISECOND, 0);
}

TEST(connections_come_and_go_on_four_processors)
{
    check_churn(4, 100 * GO_MICROSECOND, 0);
}

TEST(connections_come_and_go_beside_hogs)
{
    check_churn(2, 200 * GO_MICROSECOND, WITH_TSAN ? 0 : 2);
}
