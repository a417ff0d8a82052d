/* yield: eight goroutines give way to each other; ns for one go_yield.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define GOROUTINES 8

struct yielder {
    _Alignas(128) go_waitgroup *all; /* on cache lines of its own */
    int64_t rounds;
    int64_t done;
};

static void yielder(void *arg)
{
    struct yielder *self = arg;
    for (int64_t i = 0; i < self->rounds; i++) {
        go_yield();
        self->done++;
    }
    must(go_waitgroup_done(self->all));
}

static void yields(int64_t n)
{
    go_waitgroup all = {0};
    struct yielder yielders[GOROUTINES];
    must(go_waitgroup_add(&all, GOROUTINES));
    for (int i = 0; i < GOROUTINES; i++) {
        yielders[i] = (struct yielder){&all, n / GOROUTINES, 0};
        must(go(yielder, &yielders[i]));
    }
    must(go_waitgroup_wait(&all));
    int64_t done = 0;
    for (int i = 0; i < GOROUTINES; i++)
        done += yielders[i].done;
    expect(done, n);
}

BENCH(yield)
{
    bench_per_op("yield", yields);
}
