/* Who calls the library all the time and never has to wait keeps nobody from the processor.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/syscall.h>
#include <unistd.h>
#include "net.h"

struct caller {
    void (*call)(struct caller *h);
    int ends[2];
    go_group *group;
    atomic_bool stop;
    atomic_ulong calls;
};

static void run_caller(void *arg, int index)
{
    struct caller *h = arg;

    (void)index;
    while (!atomic_load(&h->stop)) {
        h->call(h);
        atomic_fetch_add(&h->calls, 1);
    }
}

/* The only processor is the caller's. Beside it somebody sleeps a thousand times for a millisecond, and needs not much longer. */
static void check_sleeps(struct caller *h)
{
    enum { SLEEPS = 1000 };
    struct crew *c;
    int64_t begin, end;
    int slept = 0;

    go_maxprocs(1);
    c = crew_start(1, run_caller, h);
    EVENTUALLY(atomic_load(&h->calls) > 0);
    begin = test_now();
    end = begin + 8 * GO_SECOND;
    for (; slept < SLEEPS && test_now() < end; slept++)
        go_sleep(GO_MILLISECOND);
    atomic_store(&h->stop, true);
    crew_wait(c);
    test_note("%d in %lld ms", slept, (long long)(test_now() - begin) / 1000000);
    CHECK_EQ(SLEEPS, slept);
}

static void write_and_read(struct caller *h)
{
    char byte;

    CHECK_EQ(1, go_write(h->ends[0], "x", 1));
    CHECK_EQ(1, go_read(h->ends[1], &byte, 1));
}

TEST(who_finds_something_at_each_read_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = write_and_read;
    net_unix_pair(SOCK_STREAM, h->ends);
    check_sleeps(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

/* Nobody reads them: the system drops what does not fit. */
static void send_one(struct caller *h)
{
    CHECK_EQ(1, go_write(h->ends[1], "x", 1));
}

TEST(who_floods_the_net_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);
    char words[NET_WORDS];

    h->call = send_one;
    h->ends[0] = go_listen("udp", "127.0.0.1:0");
    net_words(h->ends[0], words);
    h->ends[1] = go_dial("udp", words);
    check_sleeps(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

static void ask(struct caller *h)
{
    CHECK_EQ(GO_WRITABLE, go_wait_fd(h->ends[0], GO_WRITABLE, GO_FOREVER));
}

TEST(who_asks_what_is_ready_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = ask;
    net_unix_pair(SOCK_STREAM, h->ends);
    check_sleeps(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

static void dial_and_close(struct caller *h)
{
    (void)h;
    CHECK_EQ(0, go_close(go_dial("udp", "127.0.0.1:9")));
}

TEST(who_dials_and_closes_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = dial_and_close;
    check_sleeps(h);
}

static void listen_and_close(struct caller *h)
{
    (void)h;
    CHECK_EQ(0, go_close(go_listen("tcp", "127.0.0.1:0")));
}

TEST(who_listens_and_closes_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = listen_and_close;
    check_sleeps(h);
}

static void make_a_region(struct caller *h)
{
    (void)h;
    go_blocking_begin();
    syscall(SYS_getppid);
    go_blocking_end();
}

TEST(who_goes_through_short_regions_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = make_a_region;
    check_sleeps(h);
}

static int nothing(go_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 0;
}

static void start_one(struct caller *h)
{
    CHECK_EQ(0, go_group_spawn(h->group, nothing, NULL));
}

TEST(who_starts_members_of_a_group_does_not_keep_others_asleep)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = start_one;
    h->group = go_group_new(NULL, 0);
    check_sleeps(h);
    CHECK_EQ(0, go_group_free(h->group));
}
