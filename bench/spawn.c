/* spawn256: start 256 goroutines, wait for all; ns for each. spawnjoin: start one, wait for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include <stdatomic.h>

#define BATCH 256

struct job {
    go_waitgroup left;
    atomic_llong done;
};

static void job(void *arg)
{
    struct job *self = arg;
    atomic_fetch_add_explicit(&self->done, 1, memory_order_relaxed);
    must(go_waitgroup_done(&self->left));
}

static void batches(int64_t n, int batch)
{
    struct job shared = {.done = 0};
    for (int64_t i = 0; i < n; i += batch) {
        must(go_waitgroup_add(&shared.left, batch));
        for (int k = 0; k < batch; k++)
            must(go(job, &shared));
        must(go_waitgroup_wait(&shared.left));
    }
    expect(atomic_load(&shared.done), n);
}

static void in_batches(int64_t n)
{
    batches(n, BATCH);
}

static void one_by_one(int64_t n)
{
    batches(n, 1);
}

BENCH(spawn256)
{
    bench_per_op("spawn256", in_batches);
}

BENCH(spawnjoin)
{
    bench_per_op("spawnjoin", one_by_one);
}
