/* Leaks: counts before and after each test of goroutines, file descriptors and stacks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "framework.h"

enum {
    DESCRIPTORS = 1024,   /* the numbers that are looked at */
    CACHED_STACKS = 8192, /* in the caches of some processors, and of other sizes */
};

/* The poller, its bell and that of the signals stay open once a test has used them. */
static const struct kept {
    const char *name;
    int n;
} kept[] = {{"anon_inode:[eventpoll]", 1}, {"anon_inode:[eventfd]", 2}};

enum { KEPT = sizeof kept / sizeof kept[0] };

/* An emulator has copies of some files of /proc. */
static bool is_of_a_moment(const char *name)
{
    return strncmp(name, "/proc/", 6) == 0 || strstr(name, "qemu-open");
}

/* What the descriptor leads to; "" where it is closed, or of a moment. */
static void look_at_descriptor(int fd, char name[64])
{
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, name, 63);
    name[n > 0 ? n : 0] = '\0';
    if (is_of_a_moment(name))
        name[0] = '\0';
}

bool test_fd_stays(int fd)
{
    char name[64];

    look_at_descriptor(fd, name);
    return name[0] != '\0';
}

/* Counts it, if it is one of those that the library keeps: true as long as there are no more of them than that. */
static bool may_be_the_librarys(int fd, int seen[KEPT])
{
    char name[64];

    look_at_descriptor(fd, name);
    if (name[0] == '\0')
        return true;
    for (int i = 0; i < KEPT; i++)
        if (strcmp(name, kept[i].name) == 0)
            return ++seen[i] <= kept[i].n;
    return false;
}

static int count_descriptors(void)
{
    struct pollfd fds[DESCRIPTORS];
    long limit = sysconf(_SC_OPEN_MAX);
    nfds_t n = limit > 0 && limit < DESCRIPTORS ? (nfds_t)limit : DESCRIPTORS;
    int open = 0, seen[KEPT] = {0};

    for (nfds_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = (int)i};
    if (poll(fds, n, 0) < 0)
        return -1;
    for (nfds_t i = 0; i < n; i++)
        open += (fds[i].revents & POLLNVAL) == 0 && !may_be_the_librarys((int)i, seen);
    return open;
}

struct leak_counts leaks_count(void)
{
    struct go_stats stats = {0};

    go_stats_read(&stats, sizeof stats);
    return (struct leak_counts){
        .goroutines = go_count(),
        .descriptors = count_descriptors(),
        .stacks = stats.stacks,
        .spawned = stats.spawned,
        .maxprocs = go_maxprocs(0),
        .slice = go_slice(0),
    };
}

static void set_true(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

void leaks_warm_up(void)
{
    static atomic_bool ran;

    go_spawn(set_true, &ran);
    while (!atomic_load(&ran))
        go_yield();
    go_sleep(GO_MILLISECOND);
}

bool leaks_wait(const struct leak_counts *before, int abandoned, int seconds)
{
    int64_t end = test_now() + seconds * GO_SECOND;
    int64_t allowed = before->goroutines + abandoned;

    while (go_count() > allowed && test_now() < end)
        go_yield();
    if (go_count() <= allowed)
        return true;
    test_fail("leak", 0, "%lld goroutines stay behind", (long long)(go_count() - before->goroutines - abandoned));
    go_dump(STDERR_FILENO);
    return false;
}

/* Stacks are used again, so there are no more than the goroutines of the test with the most of them, and some in caches. */
static void compare_stacks(uint64_t stacks, uint64_t most_spawned)
{
    if (stacks > most_spawned + CACHED_STACKS)
        test_fail("leak", 0, "%llu stacks are mapped, but no test had more than %llu goroutines", (unsigned long long)stacks,
                  (unsigned long long)most_spawned);
}

void leaks_compare(const struct leak_counts *before)
{
    static uint64_t most_spawned;
    struct leak_counts now = leaks_count();
    uint64_t spawned = now.spawned - before->spawned;

    if (spawned > most_spawned)
        most_spawned = spawned;
    /* Pipes too it has for a moment, where a stack can not be read otherwise. */
    for (int64_t end = test_now() + GO_SECOND; now.descriptors > before->descriptors && test_now() < end;) {
        go_yield();
        now.descriptors = count_descriptors();
    }
    if (now.descriptors > before->descriptors)
        test_fail("leak", 0, "%d file descriptors stay open", now.descriptors - before->descriptors);
    if (now.stacks > before->stacks)
        compare_stacks(now.stacks, most_spawned);
}

void leaks_restore(const struct leak_counts *before)
{
    go_maxprocs(before->maxprocs);
    go_slice(before->slice);
}
