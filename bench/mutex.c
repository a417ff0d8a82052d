/* mutex8: eight goroutines take turns at one mutex; ns for one lock and unlock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define GOROUTINES 8

struct contest {
    go_mutex lock;
    int64_t counter; /* guarded by lock */
    int64_t rounds;
    go_waitgroup all;
};

static void contender(void *arg)
{
    struct contest *c = arg;
    for (int64_t i = 0; i < c->rounds; i++) {
        must(go_mutex_lock(&c->lock));
        c->counter++;
        must(go_mutex_unlock(&c->lock));
    }
    must(go_waitgroup_done(&c->all));
}

static void contend(int64_t n)
{
    struct contest c = {.rounds = n / GOROUTINES};
    must(go_waitgroup_add(&c.all, GOROUTINES));
    for (int i = 0; i < GOROUTINES; i++)
        must(go(contender, &c));
    must(go_waitgroup_wait(&c.all));
    expect(c.counter, n);
}

BENCH(mutex8)
{
    bench_per_op("mutex8", contend);
}
