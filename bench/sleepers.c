/* sleepers: 100,000 goroutines that each sleep once, 1 to 10 ms; ns for each, from the first start to the last end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include <stdatomic.h>

#define SLEEPERS 100000
#define STEPS    1000 /* different lengths of sleep; 7919 is prime to it and spreads them */
#define STEP     (9 * GO_MICROSECOND)

struct night {
    go_waitgroup all;
    atomic_llong slept, early;
};

struct sleeper {
    struct night *night;
    int64_t length;
};

static void sleeper(void *arg)
{
    struct sleeper *self = arg;
    int64_t start = go_now();
    must(go_sleep(self->length));
    if (go_now() - start < self->length)
        atomic_fetch_add_explicit(&self->night->early, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->night->slept, 1, memory_order_relaxed);
    must(go_waitgroup_done(&self->night->all));
}

static void sleep_all(int64_t n)
{
    static struct sleeper sleepers[SLEEPERS];
    struct night night = {.slept = 0};
    must(go_waitgroup_add(&night.all, (int)n));
    for (int64_t i = 0; i < n; i++) {
        sleepers[i] = (struct sleeper){&night, GO_MILLISECOND + i * 7919 % STEPS * STEP};
        must(go(sleeper, &sleepers[i]));
    }
    must(go_waitgroup_wait(&night.all));
    expect(atomic_load(&night.slept), n);
    expect(atomic_load(&night.early), 0);
}

BENCH(sleepers)
{
    bench_print("sleepers", "ns", bench_best(sleep_all, SLEEPERS) / SLEEPERS);
}
