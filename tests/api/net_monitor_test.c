/* The thread that was in the poller has gone off to run what came, the other one sleeps: the monitor sees to it that somebody is
 * there again before long.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "net.h"

#define SLICE (8 * GO_SECOND)

enum { ROUNDS = 20 };

struct two_events {
    int computes[2], waits[2]; /* ends of pairs: one writes to the second */
    atomic_int computing, computed, heard;
    int n;
    int64_t worst;
};

/* Without a call or a yield: its thread looks at nothing else. */
static void compute_for_each(void *arg)
{
    struct two_events *e = arg;
    char byte;

    while (go_read(e->computes[0], &byte, 1) == 1) {
        int round = atomic_fetch_add(&e->computing, 1);

        while (atomic_load(&e->computed) <= round)
            ;
    }
}

static void hear_each(void *arg)
{
    struct two_events *e = arg;
    char byte;

    while (go_read(e->waits[0], &byte, 1) == 1)
        atomic_fetch_add(&e->heard, 1);
}

/* How long it took. */
static int64_t write_until_more(int fd, atomic_int *count)
{
    int before = atomic_load(count);
    int64_t begin = test_now(), end = begin + 4 * SLICE;

    CHECK_EQ(1, write(fd, "x", 1));
    while (atomic_load(count) == before && test_now() < end)
        usleep(50);
    CHECK(atomic_load(count) > before);
    return test_now() - begin;
}

/* A plain thread, as the library's are to do nothing else. Now and then the monitor has gone to sleep before. */
static void cause_both(void *arg, int index)
{
    struct two_events *e = arg;

    (void)index;
    for (int i = 0; i < e->n && e->worst < SLICE; i++) {
        int64_t took;

        usleep(i % 2 ? 20000 : 200);
        write_until_more(e->computes[1], &e->computing);
        took = write_until_more(e->waits[1], &e->heard);
        e->worst = took > e->worst ? took : e->worst;
        atomic_fetch_add(&e->computed, 1);
    }
}

/* Left to its plan for slices the monitor would look after one and a quarter. */
TEST(a_second_event_is_seen_to_while_the_first_is_computed_for)
{
    struct two_events *e = test_alloc(sizeof *e);

    go_maxprocs(2);
    go_slice(SLICE);
    net_unix_pair(SOCK_STREAM, e->computes);
    net_unix_pair(SOCK_STREAM, e->waits);
    CHECK_EQ(0, go(compute_for_each, e));
    CHECK_EQ(0, go(hear_each, e));
    test_settle();
    e->n = SCALED(ROUNDS);
    crew_wait(crew_start_threads(1, cause_both, e));
    test_note("heard within %lld us", (long long)e->worst / 1000);
    CHECK_BETWEEN(0, SLICE / 4, e->worst);
    for (int i = 1; i >= 0; i--) {
        CHECK_EQ(0, go_close(e->computes[i]));
        CHECK_EQ(0, go_close(e->waits[i]));
        EVENTUALLY(go_count() == 1);
    }
}
