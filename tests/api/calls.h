/* Goroutines that block their kernel thread in a call of the system, and tell nobody.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_CALLS_H
#define TEST_API_CALLS_H

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hogs.h"

struct caller {
    void (*call)(struct caller *c);
    int pipe[2];         /* a byte ends the call */
    void *what;          /* the test's own */
    atomic_int thread;   /* the kernel's number of the one that */
    atomic_int called;   /* is about to make it */
    atomic_int returned; /* is back from it, and may be without a processor */
    atomic_int back;     /* has called the library since */
};

static inline uint64_t retaken(void)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s.processors_retaken;
}

static inline void make_the_call(void *arg, int index)
{
    struct caller *c = arg;

    (void)index;
    atomic_store(&c->thread, (int)syscall(SYS_gettid));
    atomic_fetch_add(&c->called, 1);
    c->call(c);
    atomic_fetch_add(&c->returned, 1);
    go_id();
    atomic_fetch_add(&c->back, 1);
}

static inline struct caller *new_caller(void (*call)(struct caller *c))
{
    struct caller *c = test_alloc(sizeof *c);

    c->call = call;
    CHECK_EQ(0, pipe(c->pipe));
    return c;
}

static inline void end_call(struct caller *c)
{
    CHECK_EQ(1, write(c->pipe[1], "x", 1));
}

static inline void free_caller(struct caller *c)
{
    close(c->pipe[0]);
    close(c->pipe[1]);
}

/* The calls that most tests make. */
static inline void read_a_byte(struct caller *c)
{
    char byte = 0;

    CHECK_EQ(1, read(c->pipe[0], &byte, 1));
    CHECK_EQ('x', byte);
}

static inline bool sleeps(int thread)
{
    char path[64], line[300] = "";
    const char *state;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    file = fopen(path, "r");
    if (!CHECK(file != NULL))
        return true;
    CHECK(fgets(line, sizeof line, file) != NULL);
    fclose(file);
    state = strrchr(line, ')');
    return state && state[2] == 'S';
}

/* While nobody waits for a processor, so that no signal is sent which could come just before the call falls asleep: such a one ends
 * it. From then on none may. */
static inline void wait_until_asleep(struct caller *c)
{
    go_blocking_begin();
    do
        usleep(1000);
    while (!atomic_load(&c->called) || !sleeps(atomic_load(&c->thread)));
    go_blocking_end();
}

/* On one processor: if the call kept it, nobody would come back from the first yield. */
static inline void check_others_go_on(struct caller *c, void (*end)(struct caller *c))
{
    uint64_t before = retaken();
    struct crew *crew;
    struct hogs *h;

    go_maxprocs(1);
    crew = crew_start(1, make_the_call, c);
    wait_until_asleep(c);
    h = hogs_start(2, hog_counting);
    for (int i = 0; i < 5; i++) {
        hogs_wait_for_turn(h, 0);
        hogs_wait_for_turn(h, 1);
    }
    CHECK(!atomic_load(&c->returned));
    end(c);
    crew_wait(crew);
    hogs_stop(h);
    CHECK_EQ(1, atomic_load(&c->back));
    CHECK_BETWEEN(1, 1000, retaken() - before);
    free_caller(c);
}

#endif
