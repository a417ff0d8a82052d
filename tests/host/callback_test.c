/* Where the library shares its one thread with a host: what that does while the goroutines sleep, and that it may wake them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>
#include "test.h"

static void count(void *arg)
{
    ++*(int *)arg;
}

static void send_soon(void *c)
{
    CHECK_EQ(0, go_send_until(c, NULL, GO_NOW));
}

TEST(while_all_sleep_the_host_comes_to_what_it_has_to_do)
{
    int *calls = test_alloc(sizeof *calls);

    for (int i = 0; i < 5; i++)
        emscripten_async_call(count, calls, i);
    CHECK_EQ(0, *calls);
    CHECK_EQ(0, go_sleep(100 * GO_MILLISECOND));
    CHECK_EQ(5, *calls);
}

TEST(what_the_host_calls_wakes_who_waits)
{
    go_chan *c = test_chan(0, 0);
    int64_t before = test_now();

    for (int i = 0; i < 20; i++) {
        emscripten_async_call(send_soon, c, i % 3);
        CHECK_EQ(0, go_recv_until(c, NULL, go_deadline(20 * GO_SECOND)));
    }
    CHECK_BETWEEN(0, 10 * GO_SECOND, test_now() - before);
}

#define WIDE ((int64_t)1 << 32 | 1)

/* With locals that are not in memory, at any depth: they go with n, which is. */
static int sum_down(int n, int64_t wide, double half)
{
    volatile int here = n;
    int below;

    if (n == 0) {
        go_yield();
        return 0;
    }
    below = sum_down(n - 1, wide - WIDE, half - 0.5);
    go_yield();
    CHECK_EQ(here * WIDE, wide);
    CHECK(half == here / 2.0);
    return below + n;
}

static void sum(void *arg, int index)
{
    int depth = 100 + 10 * index;

    (void)arg;
    CHECK_EQ(depth * (depth + 1) / 2, sum_down(depth, depth * WIDE, depth / 2.0));
}

TEST(deep_stacks_are_left_and_come_back_to)
{
    crew_run(20, sum, NULL);
}

struct nest {
    int depth, landed;
};

static void try_again(void *arg)
{
    struct nest *n = arg;

    if (n->depth-- == 0)
        go_panic("from the depth");
    go_yield();
    n->landed += go_try(try_again, n, NULL);
    go_yield();
    if (n->landed)
        go_panic("on");
}

static void nest(void *arg, int index)
{
    struct nest n = {.depth = 5 + index};

    (void)arg;
    CHECK_EQ(1, go_try(try_again, &n, NULL));
    CHECK_EQ(5 + index, n.landed);
}

TEST(tries_in_tries_that_are_left_and_come_back_to_land)
{
    crew_run(5, nest, NULL);
}
