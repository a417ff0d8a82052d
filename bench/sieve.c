/* sieve: the first 1000 primes by a chain of filters, one goroutine a prime, over unbuffered channels; ms for all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define PRIMES        1000
#define LAST_PRIME    7919
#define SUM_OF_PRIMES 3682913

struct filter {
    go_chan *in, *out;
    int64_t prime;
};

static void generate(void *arg)
{
    go_chan *out = arg;
    for (int64_t i = 2; i <= LAST_PRIME; i++)
        must(go_send(out, &i));
    must(go_chan_close(out));
}

static void filter(void *arg)
{
    struct filter *self = arg;
    int64_t candidate;
    while (go_recv(self->in, &candidate) == 0) {
        if (candidate % self->prime != 0)
            must(go_send(self->out, &candidate));
    }
    must(go_chan_close(self->out));
}

static void sieve(int64_t primes)
{
    static struct filter filters[PRIMES];
    int64_t sum = 0;
    go_chan *c = must_have(go_chan_new(sizeof(int64_t), 0));
    must(go(generate, c));
    for (int64_t i = 0; i < primes; i++) {
        struct filter *f = &filters[i];
        f->in = c;
        must(go_recv(c, &f->prime));
        sum += f->prime;
        f->out = c = must_have(go_chan_new(sizeof(int64_t), 0));
        must(go(filter, f));
    }
    expect(go_recv(c, NULL) < 0, 1);
    for (int64_t i = 0; i < primes; i++)
        must(go_chan_free(filters[i].in));
    must(go_chan_free(c));
    expect(sum, SUM_OF_PRIMES);
}

BENCH(sieve)
{
    bench_print("sieve", "ms", bench_best(sieve, PRIMES) / (double)GO_MILLISECOND);
}
