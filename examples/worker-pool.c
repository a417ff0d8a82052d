/* Shares jobs among four workers: one channel of jobs, one of results, and closing as the way to say "no more".
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>

enum { WORKERS = 4, JOBS = 12 };

struct result {
    int start;
    int steps;
};

struct pool {
    go_chan *jobs;    /* of int */
    go_chan *results; /* of struct result */
    go_waitgroup working;
};

/* How many steps the Collatz sequence takes from n to 1. */
static int collatz(long n)
{
    int steps = 0;

    for (; n != 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

static void work(void *arg)
{
    struct pool *pool = arg;
    struct result r;

    while (go_recv(pool->jobs, &r.start) == 0) {
        r.steps = collatz(r.start);
        go_send(pool->results, &r);
    }
    go_waitgroup_done(&pool->working);
}

static void close_results(void *arg)
{
    struct pool *pool = arg;

    go_waitgroup_wait(&pool->working);
    go_chan_close(pool->results);
}

int main(void)
{
    struct pool pool = {go_chan_new(sizeof(int), JOBS), go_chan_new(sizeof(struct result), 0), {{0}}};
    struct result r;
    int steps[JOBS + 1];

    if (!pool.jobs || !pool.results)
        return 1;
    go_waitgroup_add(&pool.working, WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        if (go(work, &pool) < 0)
            return 1;
    }
    if (go(close_results, &pool) < 0)
        return 1;
    for (int n = 1; n <= JOBS; n++)
        go_send(pool.jobs, &n);
    go_chan_close(pool.jobs);

    while (go_recv(pool.results, &r) == 0) /* in any order; ends when the last worker has ended */
        steps[r.start] = r.steps;
    for (int n = 1; n <= JOBS; n++)
        printf("%d: %d steps\n", n, steps[n]);
    go_chan_free(pool.jobs);
    return go_chan_free(pool.results) < 0;
}
