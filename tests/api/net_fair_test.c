/* Who calls the library all the time and never has to wait keeps nobody from the processor.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "net.h"

enum { TURNS = 100, BLOCK = 1 << 16 };

#define TURN_MOST (5 * GO_MILLISECOND) /* on average: slices */
#define GIVES_UP  (2 * GO_SECOND)

struct caller {
    void (*call)(struct caller *h);
    int ends[2];
    go_group *group;
    atomic_bool stop;
    _Atomic int64_t since; /* the other one let it run */
};

/* Of processors, by this process: what other programs take does not count. */
static int64_t time_used(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * GO_SECOND + t.tv_nsec;
}

static void run_caller(void *arg, int index)
{
    struct caller *h = arg;

    (void)index;
    while (!atomic_load(&h->stop) && time_used() - atomic_load(&h->since) < GIVES_UP)
        h->call(h);
}

/* The only processor is the caller's, who is asked to go after a slice. The other one yields to it again and again. */
static void check_turns(struct caller *h)
{
    int64_t begin;
    struct crew *c;

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    atomic_store(&h->since, time_used());
    c = crew_start(1, run_caller, h);
    begin = time_used();
    for (int i = 0; i < TURNS; i++) {
        atomic_store(&h->since, time_used());
        go_yield();
    }
    CHECK_BETWEEN(0, TURNS * TURN_MOST, time_used() - begin);
    atomic_store(&h->stop, true);
    crew_wait(c);
}

static void write_and_read(struct caller *h)
{
    char byte;

    CHECK_EQ(1, go_write(h->ends[0], "x", 1));
    CHECK_EQ(1, go_read(h->ends[1], &byte, 1));
}

TEST(who_finds_something_at_each_read_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = write_and_read;
    net_unix_pair(SOCK_STREAM, h->ends);
    check_turns(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

/* Nobody reads them: the system drops what does not fit. */
static void send_one(struct caller *h)
{
    CHECK_EQ(1, go_write(h->ends[1], "x", 1));
}

TEST(who_floods_the_net_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);
    char words[NET_WORDS];

    h->call = send_one;
    h->ends[0] = go_listen("udp", "127.0.0.1:0");
    net_words(h->ends[0], words);
    h->ends[1] = go_dial("udp", words);
    check_turns(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

static void ask(struct caller *h)
{
    CHECK_EQ(GO_WRITABLE, go_wait_fd(h->ends[0], GO_WRITABLE, GO_FOREVER));
}

TEST(who_asks_what_is_ready_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = ask;
    net_unix_pair(SOCK_STREAM, h->ends);
    check_turns(h);
    CHECK_EQ(0, go_close(h->ends[0]));
    CHECK_EQ(0, go_close(h->ends[1]));
}

static void dial_and_close(struct caller *h)
{
    (void)h;
    CHECK_EQ(0, go_close(go_dial("udp", "127.0.0.1:9")));
}

TEST(who_dials_and_closes_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = dial_and_close;
    check_turns(h);
}

static void listen_and_close(struct caller *h)
{
    (void)h;
    CHECK_EQ(0, go_close(go_listen("tcp", "127.0.0.1:0")));
}

TEST(who_listens_and_closes_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = listen_and_close;
    check_turns(h);
}

static void make_a_region(struct caller *h)
{
    (void)h;
    go_blocking_begin();
    syscall(SYS_getppid);
    go_blocking_end();
}

TEST(who_goes_through_short_regions_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = make_a_region;
    check_turns(h);
}

/* It is out of them for a hundredth of the time. */
static void read_in_a_region(struct caller *h)
{
    static char block[BLOCK];

    for (int i = 0; i < 100; i++) {
        go_blocking_begin();
        CHECK(read(h->ends[0], block, sizeof block) > 0); /* a signal may cut it short */
        go_blocking_end();
    }
}

TEST(who_goes_from_one_region_into_the_next_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = read_in_a_region;
    h->ends[0] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    check_turns(h);
    CHECK_EQ(0, close(h->ends[0]));
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

TEST(who_starts_members_of_a_group_does_not_keep_others_waiting)
{
    struct caller *h = test_alloc(sizeof *h);

    h->call = start_one;
    h->group = go_group_new(NULL, 0);
    check_turns(h);
    CHECK_EQ(0, go_group_free(h->group));
}
