/* An allocator that the program gave: all memory of channels and timers comes from it and goes back to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "hogs.h"

static atomic_long taken, given_back, refuse;

static void *take(size_t size)
{
    void *bytes;

    if (atomic_load(&refuse))
        return NULL;
    bytes = malloc(size);
    if (bytes)
        memset(bytes, 0x5a, size); /* what it gives is not zeroed */
    atomic_fetch_add(&taken, 1);
    return bytes;
}

static void give_back(void *bytes)
{
    if (bytes)
        atomic_fetch_add(&given_back, 1);
    free(bytes);
}

static int set_result = 1;

/* Before main(), since the runner uses the library. */
__attribute__((constructor)) static void set(void)
{
    set_result = go_set_allocator(take, give_back);
}

TEST(an_allocator_may_be_set_before_the_first_allocation)
{
    CHECK_EQ(0, set_result);
    CHECK_EQ(-EBUSY, go_set_allocator(take, give_back));
}

static long in_use(void)
{
    return atomic_load(&taken) - atomic_load(&given_back);
}

TEST(channels_take_their_memory_from_it_and_give_it_back)
{
    long before = in_use(), calls = atomic_load(&taken);
    go_chan *c = go_chan_new(16, 100);

    CHECK(c != NULL);
    CHECK(atomic_load(&taken) > calls);
    CHECK_EQ(0, go_chan_free(c));
    CHECK_EQ(before, in_use());
}

static void do_nothing(void *arg)
{
    (void)arg;
}

TEST(timers_and_tickers_take_their_memory_from_it_and_give_it_back)
{
    long before = in_use(), calls = atomic_load(&taken);
    go_timer *timer = go_timer_new(GO_SECOND), *after = go_after_func(GO_SECOND, do_nothing, NULL);
    go_ticker *ticker = go_ticker_new(GO_SECOND);

    CHECK(timer && after && ticker);
    CHECK(atomic_load(&taken) > calls);
    CHECK_EQ(0, go_timer_free(timer));
    CHECK_EQ(0, go_timer_free(after));
    CHECK_EQ(0, go_ticker_free(ticker));
    CHECK_BETWEEN(before, before + 2, in_use()); /* tables may stay */
}

TEST(what_can_not_be_allocated_is_null)
{
    atomic_store(&refuse, 1);
    CHECK_PTR(NULL, go_chan_new(16, 100));
    CHECK_PTR(NULL, go_timer_new(GO_SECOND));
    CHECK_PTR(NULL, go_after_func(GO_SECOND, do_nothing, NULL));
    CHECK_PTR(NULL, go_ticker_new(GO_SECOND));
    atomic_store(&refuse, 0);
    CHECK(true);
}

TEST(memory_that_is_not_zeroed_is_good_enough)
{
    go_chan *c = test_chan(sizeof(int), 3);
    int value = 5;

    CHECK_EQ(0, go_chan_len(c));
    CHECK_EQ(0, go_send(c, &value));
    CHECK_EQ(1, go_chan_len(c));
    CHECK_EQ(0, go_recv(c, &value));
    CHECK_EQ(5, value);
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
}

static uint64_t threads_now(void)
{
    struct go_stats stats = {0};

    go_stats_read(&stats, sizeof stats);
    return stats.threads;
}

static void send_one(void *arg, int index)
{
    CHECK_EQ(0, go_send(arg, &index));
}

TEST(no_blocking_call_allocates)
{
    go_chan *c = test_chan(sizeof(int), 0);
    struct crew *crew = crew_start(10, send_one, c);
    uint64_t threads = threads_now();
    long calls = atomic_load(&taken);
    struct go_case cases[3] = {{.chan = c, .op = GO_RECV}, {.op = GO_RECV}, {.op = GO_SEND}};
    int value;

    for (int i = 0; i < 5; i++) {
        CHECK_EQ(0, go_recv(c, &value));
        CHECK_EQ(0, go_select(cases, 3));
    }
    CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &value, go_deadline(GO_MILLISECOND)));
    crew_wait(crew);
    CHECK_BETWEEN(calls, calls + (long)(threads_now() - threads), atomic_load(&taken)); /* each kernel thread takes some memory */
}
