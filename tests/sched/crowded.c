/* Where more goroutines come and go than half of a ring holds, looks into the poller in passing are left out, for want of room. Who
 * waits for a descriptor is not forgotten over that: the monitor finds that nobody has looked, and asks one to.
 *
 * What may not help here is that the monitor looks by itself where the processor stands still, as it does for a while whenever
 * other programs take it: who blocks in the poller catches nothing in this program.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "net.h"
#include "os/net.h"
#include "os/os.h"
#include "sched/tune.h"

enum { CROWD_SIZE = 200, KNOCKS = 40 };
_Static_assert(CROWD_SIZE > RING_SIZE / 2, "the rings have room");

/* Looks of the monitor: one may come too early to ask, the next one asks, and a round later it is done. A look that nobody takes,
 * or that is counted though it was none, and it is never done. */
enum { LOOKS = 25, TOO_MANY_LOOKS = 200, TOO_MANY_ROUNDS = 1000000 };

static atomic_bool blind;

int __real_os_poller_wait(struct os_ready *ready, int most, int64_t deadline);
int __wrap_os_poller_wait(struct os_ready *ready, int most, int64_t deadline)
{
    if (deadline == 0 || !atomic_load(&blind))
        return __real_os_poller_wait(ready, most, deadline);
    os_thread_yield();
    return 0;
}

struct bustle {
    int ends[2];
    atomic_int here;
    atomic_bool heard, over;
    int looks;
};

static uint64_t looks_so_far(void)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s.monitor_ticks;
}

/* Looks that the crowd has gone round after: where other programs hold up it or the monitor, nothing is counted. */
static int count_looks(struct bustle *b)
{
    uint64_t now, last = looks_so_far();
    int looks = 0;

    for (int i = 0; !atomic_load(&b->heard) && looks < TOO_MANY_LOOKS; i++) {
        if (!CHECK(i < TOO_MANY_ROUNDS))
            break;
        go_yield();
        now = looks_so_far();
        looks += now != last;
        last = now;
    }
    return looks;
}

/* One of the crowd, so that the rings are full, and stay so, from when it is sent until it is heard. */
static void knock(struct bustle *b)
{
    while (atomic_load(&b->here) < CROWD_SIZE)
        go_yield();
    atomic_store(&blind, true);
    CHECK_EQ(1, write(b->ends[1], "x", 1));
    b->looks = count_looks(b);
    atomic_store(&blind, false);
    atomic_store(&b->over, true);
}

/* Nobody is taken off: that one would wait behind the rings, and who yields then joins him there. */
static void come_and_go(void *arg, int index)
{
    struct bustle *b = arg;

    go_preempt_off();
    atomic_fetch_add(&b->here, 1);
    if (index == 0)
        knock(b);
    while (!atomic_load(&b->over))
        go_yield();
    go_preempt_on();
}

static void hear(void *arg)
{
    struct bustle *b = arg;
    char byte;

    while (go_read(b->ends[0], &byte, 1) == 1)
        atomic_store(&b->heard, true);
}

TEST(what_arrives_while_the_rings_are_full_is_read_soon)
{
    struct bustle *b = test_alloc(sizeof *b);
    int most = 0;

    go_maxprocs(1);
    go_slice(10 * GO_SECOND); /* at its end one would be asked to look, however late */
    net_unix_pair(SOCK_STREAM, b->ends);
    CHECK_EQ(0, go(hear, b));
    test_settle();
    go_preempt_off();
    for (int i = 0; i < SCALED(KNOCKS) && most <= LOOKS; i++) {
        atomic_store(&b->here, 0);
        atomic_store(&b->heard, false);
        atomic_store(&b->over, false);
        crew_run(CROWD_SIZE, come_and_go, b);
        most = b->looks > most ? b->looks : most;
    }
    go_preempt_on();
    test_note("all heard within %d looks", most);
    CHECK_BETWEEN(0, LOOKS, most);
    CHECK_EQ(0, go_close(b->ends[1]));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, go_close(b->ends[0]));
}
