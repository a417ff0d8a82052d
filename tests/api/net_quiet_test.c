/* Waiting for descriptors costs little: the monitor sleeps, and no thread is started for it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hogs.h"

static struct go_stats stats(void)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s;
}

static void echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char byte;

    while (go_read(fd, &byte, 1) == 1)
        CHECK_EQ(1, go_write(fd, &byte, 1));
    CHECK_EQ(0, go_close(fd));
}

/* A goroutine on the one side, ready to read. Gives the other side. */
static int start_echo(void)
{
    int pair[2];

    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    CHECK_EQ(0, go(echo, (void *)(intptr_t)pair[0]));
    return pair[1];
}

static void round_trip(int fd)
{
    char byte = 7;

    CHECK_EQ(1, go_write(fd, &byte, 1));
    CHECK_EQ(1, go_read(fd, &byte, 1));
    CHECK_EQ(7, byte);
}

static void end_echo(int fd)
{
    CHECK_EQ(0, go_close(fd));
    EVENTUALLY(go_count() == 1);
}

static uint64_t looks_within(useconds_t time)
{
    uint64_t ticks = stats().monitor_ticks;

    usleep(time);
    return stats().monitor_ticks - ticks;
}

TEST(a_process_that_waits_for_a_socket_sleeps)
{
    int fd = start_echo();
    int64_t end = go_now() + 30 * GO_SECOND;
    uint64_t ticks;

    round_trip(fd);
    go_blocking_begin();
    while (looks_within(500000) != 0 && go_now() < end) /* its threads come to rest as the machine lets them */
        continue;
    ticks = looks_within(1000000);
    go_blocking_end();
    CHECK_EQ(0, ticks);
    end_echo(fd);
}

static void yield_until(void *arg, int index)
{
    atomic_bool *stop = arg;

    (void)index;
    while (!atomic_load(stop))
        go_yield();
}

/* While the caller lets others run for that long. */
static uint64_t looks_beside_yields(int64_t time)
{
    uint64_t ticks = stats().monitor_ticks;
    int64_t end = go_now() + time;

    while (go_now() < end)
        go_yield();
    return stats().monitor_ticks - ticks;
}

TEST(the_monitor_sleeps_while_goroutines_come_and_go)
{
    atomic_bool *stop = test_alloc(sizeof *stop);
    int fd = start_echo();
    struct crew *c;
    uint64_t looks;

    round_trip(fd);
    go_maxprocs(1);
    go_slice(GO_MILLISECOND); /* at its end the monitor looks too */
    c = crew_start(2, yield_until, stop);
    looks = looks_beside_yields(GO_SECOND);
    atomic_store(stop, true);
    crew_wait(c);
    end_echo(fd);
    test_note("%d looks a second", (int)looks);
    /* One each half millisecond asks somebody to look, one soon after sees it, and those for slices: 4400 at most. After calm,
     * which others on the machine may disturb, 250. */
    CHECK(looks < 6000);
}

/* Who comes after long calm, and stays, is soon asked to go all the same: for a goroutine, and for one that only a socket wakes. */
TEST(calm_ends_with_the_first_that_stays)
{
    NEEDS_PREEMPTION();
    atomic_bool *stop = test_alloc(sizeof *stop);
    int fd = start_echo();

    go_maxprocs(1);
    go_slice(GO_MILLISECOND);
    for (int i = 0; i < 8; i++) {
        struct crew *c;
        struct hogs *h;

        round_trip(fd);
        atomic_store(stop, false);
        c = crew_start(1, yield_until, stop);
        looks_beside_yields(GO_SECOND / 2);
        atomic_store(stop, true);
        crew_wait(c);
        h = hogs_start(1, hog_counting);
        if (i % 2)
            hogs_wait_for_turn(h, 0);
        else
            round_trip(fd);
        hogs_stop(h);
    }
    end_echo(fd);
}

/* All threads that there are, and those that they start. */
static void run_on(const cpu_set_t *set)
{
    DIR *tasks = opendir("/proc/self/task");

    for (struct dirent *d; tasks && (d = readdir(tasks));)
        if (d->d_name[0] != '.')
            sched_setaffinity(atoi(d->d_name), sizeof *set, set);
    if (tasks)
        closedir(tasks);
}

static void ask_now_and_then(void *arg, int index)
{
    int fd = *(int *)arg;
    char byte = 7;

    (void)index;
    for (int i = 0; i < 500; i++) {
        usleep(1000);
        CHECK_EQ(1, write(fd, &byte, 1));
        while (read(fd, &byte, 1) != 1)
            usleep(100);
    }
}

/* The monitor, who is woken, and who wakes are in each other's way on one CPU. */
/* Without those that only lend an identity. */
static uint64_t threads_that_run(void)
{
    struct go_stats s = stats();

    return s.threads - s.identities;
}

TEST(a_server_that_is_mostly_idle_needs_no_more_threads)
{
    int *fd = test_alloc(sizeof *fd);
    cpu_set_t all, one;
    struct crew *c;
    uint64_t before;

    go_maxprocs(1);
    *fd = start_echo();
    round_trip(*fd);
    CHECK_EQ(0, sched_getaffinity(0, sizeof all, &all));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    before = threads_that_run();
    run_on(&one);
    c = crew_start_threads(1, ask_now_and_then, fd);
    crew_wait(c);
    run_on(&all);
    test_note("%d threads, then %d", (int)before, (int)threads_that_run());
    CHECK(threads_that_run() <= 12);
    end_echo(*fd);
}
