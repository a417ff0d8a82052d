/* A crowd that waits for sockets, timers and channels at once: all are woken, nothing is lost, nothing stays behind.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "net.h"
#include "sanitizers.h"

/* READERS take a byte each, WATCHERS wait until there is one, LATE ones wait for a socket to which nothing comes. */
enum kind { READERS, WATCHERS, LATE, RECEIVERS, SLEEPERS, KINDS };

struct crowd {
    int n, n_sockets;
    int *sockets; /* ends of pairs; a LATE one waits at the second end of a pair, the others at the first */
    go_chan *leave;
    int64_t moment; /* when sleepers and late ones go */
    atomic_int waiting, woken[KINDS], wrong;
};

struct member {
    struct crowd *c;
    int index;
};

static enum kind kind_of(int index)
{
    return (enum kind)(index % KINDS);
}

/* The pair that it waits at: they go round, so that each has its share. */
static int pair_of(const struct crowd *c, int index)
{
    return index / KINDS % (c->n_sockets / 2);
}

static bool wait_as(struct crowd *c, enum kind kind, int index)
{
    int *pair = c->sockets + 2 * pair_of(c, index);
    char byte;

    switch (kind) {
    case READERS:
        return go_read(pair[0], &byte, 1) == 1;
    case WATCHERS:
        return go_wait_fd(pair[0], GO_READABLE, GO_FOREVER) == GO_READABLE;
    case LATE:
        return go_read_until(pair[1], &byte, 1, c->moment) == -ETIMEDOUT && go_now() >= c->moment;
    case RECEIVERS:
        return go_recv(c->leave, NULL) == -EPIPE;
    default:
        return go_sleep_until(c->moment) == 0 && go_now() >= c->moment;
    }
}

static void join_crowd(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->c;
    enum kind kind = kind_of(m->index);

    atomic_fetch_add(&c->waiting, 1);
    if (!wait_as(c, kind, m->index))
        atomic_fetch_add(&c->wrong, 1);
    atomic_fetch_add(&c->woken[kind], 1);
}

static int64_t memory_used(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb = 0;

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0 || strncmp(line, "VmPTE:", 6) == 0)
            kb += atol(line + 6);
    if (f)
        fclose(f);
    return (int64_t)kb * 1024;
}

/* As many as there may be, but for some that others need. */
static void open_sockets(struct crowd *c)
{
    struct rlimit limit;
    int most = test_scaled(100000);

    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
    c->n_sockets = (limit.rlim_cur < (rlim_t)most ? (int)limit.rlim_cur : most) - net_open_count() - 64;
    c->n_sockets -= c->n_sockets % 2;
    c->sockets = test_alloc((size_t)c->n_sockets * sizeof *c->sockets);
    for (int i = 0; i < c->n_sockets; i += 2)
        net_unix_pair(SOCK_STREAM, c->sockets + i);
    for (int i = 0; i < c->n_sockets; i++)
        CHECK_EQ(0, go_adopt(c->sockets[i]));
}

static void gather(struct crowd *c)
{
    struct member *members = test_alloc((size_t)c->n * sizeof *members);
    int64_t before;

    for (int i = 0; i < c->n; i++)
        members[i] = (struct member){c, i};
    before = memory_used();
    for (int i = 0; i < c->n; i++) {
        if (!CHECK_EQ(0, go(join_crowd, &members[i])))
            exit(1);
        if (i % 256 == 255)
            while (atomic_load(&c->waiting) <= i)
                go_yield();
    }
    EVENTUALLY(atomic_load(&c->waiting) == c->n);
    test_settle();
    if (go_now() < c->moment) {
        int64_t each = (memory_used() - before) / c->n;

        test_note("%d wait, at %d sockets; %lld bytes each", c->n, c->n_sockets, (long long)each);
        if (!WITH_ASAN && !WITH_TSAN && !emulated() && c->n > 10000) /* an emulator has no guards but by mappings */
            CHECK_BETWEEN(100, 4400, each);
    }
}

static int count_of(const struct crowd *c, enum kind kind)
{
    return c->n / KINDS + ((int)kind < c->n % KINDS);
}

/* A byte for each that takes one, and one more for those who watch. */
static void write_to_all(struct crowd *c)
{
    static const char bytes[1 << 16];
    int *share = test_alloc((size_t)c->n_sockets / 2 * sizeof *share);

    for (int i = 0; i < c->n; i++)
        if (kind_of(i) == READERS)
            share[pair_of(c, i)]++;
    for (int i = 0; i < c->n_sockets / 2; i++)
        CHECK_EQ(share[i] + 1, go_write(c->sockets[2 * i + 1], bytes, (size_t)share[i] + 1));
}

TEST(two_hundred_thousand_wait_for_sockets_timers_and_channels_and_all_are_woken)
{
    struct crowd *c = test_alloc(sizeof *c);
    int open_before, ends[2];

    net_unix_pair(SOCK_STREAM, ends); /* the poller has descriptors of its own, for good */
    CHECK_EQ(-EAGAIN, go_wait_fd(ends[0], GO_READABLE, GO_NOW));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
    go_maxprocs(2);
    open_before = net_open_count();
    c->n = CROWD(200000);
    c->leave = test_chan(0, 0);
    open_sockets(c);
    c->moment = go_deadline(6 * GO_SECOND);
    gather(c);
    write_to_all(c);
    EVENTUALLY(atomic_load(&c->woken[READERS]) == count_of(c, READERS));
    EVENTUALLY(atomic_load(&c->woken[WATCHERS]) == count_of(c, WATCHERS));
    CHECK_EQ(0, atomic_load(&c->woken[RECEIVERS]));
    CHECK_EQ(0, go_chan_close(c->leave));
    EVENTUALLY(atomic_load(&c->woken[RECEIVERS]) == count_of(c, RECEIVERS));
    CHECK_EQ(0, go_sleep_until(c->moment));
    EVENTUALLY(atomic_load(&c->woken[LATE]) == count_of(c, LATE));
    EVENTUALLY(atomic_load(&c->woken[SLEEPERS]) == count_of(c, SLEEPERS));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, atomic_load(&c->wrong));
    for (int i = 0; i < c->n_sockets; i++)
        CHECK_EQ(0, go_close(c->sockets[i]));
    CHECK_EQ(open_before, net_open_count());
}

/* The same sockets, but all who wait are sent away by closing. */
static void wait_until_closed(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->c;
    int fd = c->sockets[m->index % (c->n_sockets / 2) * 2]; /* the first end of a pair: the second sees the end of the stream */
    char byte;

    atomic_fetch_add(&c->waiting, 1);
    if ((m->index & 1 ? go_read(fd, &byte, 1) : go_wait_fd(fd, GO_READABLE, GO_FOREVER)) != -EBADF)
        atomic_fetch_add(&c->wrong, 1);
    atomic_fetch_add(&c->woken[0], 1);
}

TEST(a_crowd_at_sockets_that_are_closed_is_sent_away)
{
    struct crowd *c = test_alloc(sizeof *c);
    struct member *members;

    go_maxprocs(4);
    c->n = CROWD(50000);
    open_sockets(c);
    members = test_alloc((size_t)c->n * sizeof *members);
    for (int i = 0; i < c->n; i++) {
        members[i] = (struct member){c, i};
        CHECK_EQ(0, go(wait_until_closed, &members[i]));
    }
    EVENTUALLY(atomic_load(&c->waiting) == c->n);
    test_settle();
    for (int i = 0; i < c->n_sockets; i += 2)
        CHECK_EQ(0, go_close(c->sockets[i]));
    EVENTUALLY(atomic_load(&c->woken[0]) == c->n);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, atomic_load(&c->wrong));
    for (int i = 1; i < c->n_sockets; i += 2)
        CHECK_EQ(0, go_close(c->sockets[i]));
}
