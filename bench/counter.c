/* counter_...: as many goroutines as there are processors count something; ns for one. In a counter with a cell for each processor,
 * which they add to in a restartable sequence; with an atomic add to one word; under a mutex.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include <goroutine/counter.h>
#include <stdatomic.h>

struct count {
    int64_t rounds;
    go_counter *cells;
    atomic_llong word;
    go_mutex lock;
    int64_t guarded; /* by lock */
    go_waitgroup all;
};

static void add_to_cells(void *arg)
{
    struct count *c = arg;
    for (int64_t i = 0; i < c->rounds; i++)
        go_counter_add(c->cells, 1);
    must(go_waitgroup_done(&c->all));
}

static void add_to_word(void *arg)
{
    struct count *c = arg;
    for (int64_t i = 0; i < c->rounds; i++)
        atomic_fetch_add_explicit(&c->word, 1, memory_order_relaxed);
    must(go_waitgroup_done(&c->all));
}

static void add_under_lock(void *arg)
{
    struct count *c = arg;
    for (int64_t i = 0; i < c->rounds; i++) {
        must(go_mutex_lock(&c->lock));
        c->guarded++;
        must(go_mutex_unlock(&c->lock));
    }
    must(go_waitgroup_done(&c->all));
}

static void count_by(void (*add)(void *), int64_t n)
{
    int goroutines = go_maxprocs(0);
    struct count c = {.rounds = n / goroutines, .cells = must_have(go_counter_new())};
    must(go_waitgroup_add(&c.all, goroutines));
    for (int i = 0; i < goroutines; i++)
        must(go(add, &c));
    must(go_waitgroup_wait(&c.all));
    expect(go_counter_sum(c.cells) + atomic_load(&c.word) + c.guarded, c.rounds * goroutines);
    go_counter_free(c.cells);
}

static void cells(int64_t n)
{
    count_by(add_to_cells, n);
}

static void word(int64_t n)
{
    count_by(add_to_word, n);
}

static void lock(int64_t n)
{
    count_by(add_under_lock, n);
}

BENCH(counter)
{
    bench_per_op("counter_cells", cells);
    bench_per_op("counter_atomic", word);
    bench_per_op("counter_mutex", lock);
}
