/* Who waits for descriptors while others compute, sleep, or do nothing: what comes in is run at once.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>
#include "hogs.h"
#include "net.h"

/* ---- while every processor computes ---- */

enum { KNOCKS = 40, LEAST_KNOCKS = 20 /* of fewer one that the machine held up would be all but one of ten */ };

struct knocks {
    int ends[2];
    int n;
    atomic_llong sent; /* when; 0: the last one was heard */
    int64_t late[KNOCKS];
};

/* A plain thread, as the processors are taken. */
static void knock(void *arg, int index)
{
    struct knocks *k = arg;

    (void)index;
    for (int i = 0; i < k->n; i++) {
        usleep(3000); /* the last reader waits again, and a hog runs in its place */
        atomic_store(&k->sent, go_now());
        CHECK_EQ(1, write(k->ends[1], "x", 1));
        while (atomic_load(&k->sent))
            usleep(100);
    }
    CHECK_EQ(0, shutdown(k->ends[1], SHUT_WR));
}

static void hear(void *arg)
{
    struct knocks *k = arg;
    char byte;

    for (int i = 0; go_read(k->ends[0], &byte, 1) == 1 && i < KNOCKS; i++) {
        k->late[i] = go_now() - atomic_load(&k->sent);
        atomic_store(&k->sent, 0);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Hogs hold their processors for a second each unless somebody urgent wakes up. */
static void check_knocks(int procs, int hogs, bool tcp)
{
    struct knocks *k = test_alloc(sizeof *k);
    struct hogs *h;
    struct crew *c;

    go_maxprocs(procs);
    k->n = SCALED(KNOCKS) > KNOCKS ? KNOCKS : SCALED(KNOCKS) < LEAST_KNOCKS ? LEAST_KNOCKS : SCALED(KNOCKS);
    if (tcp)
        net_tcp_pair(k->ends);
    else
        net_unix_pair(SOCK_STREAM, k->ends);
    CHECK_EQ(0, go(hear, k));
    test_settle();
    h = hogs_start(hogs, hog_arithmetic);
    hogs_wait_for_turn(h, 0);
    go_slice(GO_SECOND);
    c = crew_start_threads(1, knock, k);
    crew_wait(c);
    hogs_stop(h);
    net_close_both(k->ends);
    qsort(k->late, (size_t)k->n, sizeof k->late[0], by_size);
    test_note("%d processors, %d hogs: half of them heard within %lld us, all but one of ten within %lld us", procs, hogs,
              (long long)k->late[k->n / 2] / 1000, (long long)k->late[k->n * 9 / 10] / 1000);
    CHECK_BETWEEN(0, GO_SECOND / 4, k->late[k->n / 2]);
    CHECK_BETWEEN(0, GO_SECOND / 2, k->late[k->n * 9 / 10]);
}

TEST(what_arrives_while_every_processor_computes_is_read_at_once)
{
    NEEDS_PREEMPTION();
    check_knocks(1, 1, false);
    check_knocks(1, 3, true);
    check_knocks(2, 2, true);
    check_knocks(2, 6, false);
}

/* ---- while threads sleep in the poller ---- */

struct elsewhere {
    struct net_call *reads; /* without end: so somebody looks into the poller */
    int ends[2];
    go_chan *c;
    int rounds;
    atomic_int received;
    atomic_bool end;
};

static struct elsewhere *elsewhere_new(int rounds)
{
    struct elsewhere *e = test_alloc(sizeof *e);

    net_unix_pair(SOCK_STREAM, e->ends);
    e->reads = net_start(NET_READ, e->ends[0]);
    e->c = test_chan(0, 0);
    e->rounds = rounds;
    return e;
}

static void elsewhere_end(struct elsewhere *e)
{
    CHECK(!atomic_load(&e->reads->done));
    CHECK_EQ(0, go_close(e->ends[0]));
    CHECK_EQ(-EBADF, net_result(e->reads));
    CHECK_EQ(0, go_close(e->ends[1]));
    CHECK_EQ(0, go_chan_close(e->c));
}

static void receive_all(void *arg)
{
    struct elsewhere *e = arg;

    while (go_recv(e->c, NULL) == 0)
        atomic_fetch_add(&e->received, 1);
}

static void send_as_thread(void *arg, int index)
{
    struct elsewhere *e = arg;

    (void)index;
    for (int i = 0; i < e->rounds; i++) {
        int64_t end = test_now() + 30 * GO_SECOND;

        usleep(300); /* so that the other processor's thread sleeps */
        CHECK_EQ(0, go_send(e->c, NULL));
        while (atomic_load(&e->received) <= i && test_now() < end)
            usleep(20);
        if (!CHECK_EQ(i + 1, atomic_load(&e->received)))
            break;
    }
    atomic_store(&e->end, true);
}

/* The only other processor's thread sleeps in the poller. The first one is taken, and is not given up. */
TEST(a_thread_asleep_in_the_poller_is_woken_for_a_goroutine_made_ready_elsewhere)
{
    struct elsewhere *e;
    struct crew *c;
    int64_t begin;

    go_maxprocs(2);
    go_slice(GO_SECOND);
    e = elsewhere_new(SCALED(300));
    CHECK_EQ(0, go(receive_all, e));
    test_settle();
    begin = test_now();
    c = crew_start_threads(1, send_as_thread, e);
    go_preempt_off();
    while (!atomic_load(&e->end))
        ;
    go_preempt_on();
    /* By the monitor, which looks once a slice, it would take as many seconds. */
    CHECK_BETWEEN(0, e->rounds * GO_SECOND / 10 + GO_SECOND, test_now() - begin);
    crew_wait(c);
    elsewhere_end(e);
}

enum { ABREAST = 3 };

static void receive_abreast(void *arg)
{
    struct elsewhere *e = arg;

    go_preempt_off(); /* it gives its processor to nobody before all have come */
    while (go_recv(e->c, NULL) == 0) {
        int round = atomic_fetch_add(&e->received, 1) / ABREAST;

        while (atomic_load(&e->received) < (round + 1) * ABREAST)
            usleep(20);
    }
    go_preempt_on();
}

static void send_abreast(void *arg, int index)
{
    struct elsewhere *e = arg;

    (void)index;
    for (int i = 0; i < e->rounds; i++) {
        int64_t end = test_now() + 30 * GO_SECOND;

        usleep(1000); /* so that they all sleep */
        for (int k = 0; k < ABREAST; k++)
            CHECK_EQ(0, go_send(e->c, NULL));
        while (atomic_load(&e->received) < (i + 1) * ABREAST && test_now() < end)
            usleep(50);
        if (!CHECK_EQ((i + 1) * ABREAST, atomic_load(&e->received)))
            break;
    }
    atomic_store(&e->end, true);
}

/* All of them are needed, also the one whose thread has the poller. */
TEST(every_thread_asleep_is_woken_also_the_one_in_the_poller)
{
    struct elsewhere *e;
    struct crew *c;

    go_maxprocs(ABREAST + 1);
    e = elsewhere_new(SCALED(100));
    for (int i = 0; i < ABREAST; i++)
        CHECK_EQ(0, go(receive_abreast, e));
    test_settle();
    c = crew_start_threads(1, send_abreast, e);
    go_preempt_off();
    while (!atomic_load(&e->end))
        usleep(50);
    go_preempt_on();
    crew_wait(c);
    elsewhere_end(e);
}

TEST(who_sleeps_wakes_in_time_while_others_wait_for_descriptors)
{
    int ends[2];
    struct net_call *reads;

    net_unix_pair(SOCK_STREAM, ends);
    reads = net_start(NET_READ, ends[0]);
    for (int procs = 1; procs <= 4; procs *= 2) {
        int64_t begin = go_now();

        go_maxprocs(procs);
        for (int i = 0; i < SCALED(50); i++)
            CHECK_EQ(0, go_sleep(GO_MILLISECOND));
        CHECK_BETWEEN(SCALED(50) * GO_MILLISECOND, 20 * GO_SECOND, go_now() - begin);
    }
    CHECK_EQ(1, go_write(ends[1], "x", 1));
    CHECK_EQ(1, net_result(reads));
    net_close_both(ends);
}

/* ---- while the process has nothing else to do ---- */

static void knock_slowly(void *arg, int index)
{
    struct knocks *k = arg;

    (void)index;
    for (int i = 0; i < k->n; i++) {
        usleep(2000); /* everybody has gone to sleep */
        CHECK_EQ(1, write(k->ends[1], "x", 1));
        while (atomic_load(&k->sent) <= i)
            usleep(50);
    }
}

/* Only what comes in can wake anybody. */
TEST(an_idle_process_wakes_for_each_byte)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct knocks *k = test_alloc(sizeof *k);
        struct crew *c;
        char byte;

        go_maxprocs(procs);
        net_unix_pair(SOCK_STREAM, k->ends);
        k->n = SCALED(100);
        c = crew_start_threads(1, knock_slowly, k);
        for (int i = 0; i < k->n; i++) {
            CHECK_EQ(1, go_read(k->ends[0], &byte, 1));
            atomic_store(&k->sent, i + 1);
        }
        crew_wait(c);
        net_close_both(k->ends);
    }
}

/* ---- while processors come and go ---- */

struct changing {
    int ends[2];
    atomic_bool *stop;
    atomic_int rounds;
};

static void give_back(void *arg)
{
    struct changing *c = arg;
    char byte;

    net_copy(c->ends[1], c->ends[1], &byte, 1);
}

static void talk(void *arg, int index)
{
    struct changing *c = (struct changing *)arg + index;
    char byte;

    CHECK_EQ(0, go(give_back, c));
    while (!atomic_load(c->stop)) {
        CHECK_EQ(1, go_write(c->ends[0], "x", 1));
        if (!CHECK_EQ(1, go_read(c->ends[0], &byte, 1)))
            break;
        atomic_fetch_add(&c->rounds, 1);
    }
    CHECK_EQ(0, go_shutdown(c->ends[0], GO_WRITABLE));
}

enum { TALKS = 10 };

static bool all_talk(struct changing *all, const int *before)
{
    for (int i = 0; i < TALKS; i++)
        if (atomic_load(&all[i].rounds) - before[i] < 3)
            return false;
    return true;
}

/* Whatever their number becomes, somebody looks into the poller. */
TEST(the_number_of_processors_may_change_while_others_wait_for_descriptors)
{
    static const int numbers[] = {1, 4, 2, 8, 1, 3};
    struct changing *all = test_alloc(TALKS * sizeof *all);
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *c;

    for (int i = 0; i < TALKS; i++) {
        net_unix_pair(SOCK_STREAM, all[i].ends);
        all[i].stop = stop;
    }
    c = crew_start(TALKS, talk, all);
    for (int i = 0; i < SCALED(150); i++) {
        int before[TALKS];

        go_maxprocs(numbers[i % 6]);
        for (int k = 0; k < TALKS; k++)
            before[k] = atomic_load(&all[k].rounds);
        if (i % 2) /* main sleeps: the process may be idle but for those who talk */
            for (int64_t end = test_now() + 30 * GO_SECOND; !all_talk(all, before) && test_now() < end;)
                CHECK_EQ(0, go_sleep(100 * GO_MICROSECOND));
        EVENTUALLY(all_talk(all, before));
    }
    atomic_store(stop, true);
    crew_wait(c);
    EVENTUALLY(go_count() == 1);
    for (int i = 0; i < TALKS; i++)
        net_close_both(all[i].ends);
}
