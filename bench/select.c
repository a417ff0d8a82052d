/* select3: three producers, each on an unbuffered channel of its own, and one consumer that selects; ns for one item.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define PRODUCERS 3

struct producer {
    go_chan *out;
    int64_t first, end;
};

static void produce(void *arg)
{
    struct producer *self = arg;
    for (int64_t i = self->first; i < self->end; i++)
        must(go_send(self->out, &i));
    must(go_chan_close(self->out));
}

static void select_all(int64_t n)
{
    struct producer producers[PRODUCERS];
    struct go_case cases[PRODUCERS];
    int64_t item, sum = 0, count = 0;
    for (int i = 0; i < PRODUCERS; i++) {
        go_chan *c = must_have(go_chan_new(sizeof(int64_t), 0));
        producers[i] = (struct producer){c, n * i / PRODUCERS, n * (i + 1) / PRODUCERS};
        cases[i] = (struct go_case){.chan = c, .elem = &item, .op = GO_RECV};
        must(go(produce, &producers[i]));
    }
    for (int open = PRODUCERS; open > 0;) {
        ptrdiff_t chosen = must(go_select(cases, PRODUCERS));
        if (cases[chosen].result == 0) {
            sum += item;
            count++;
        } else {
            cases[chosen].chan = NULL;
            open--;
        }
    }
    for (int i = 0; i < PRODUCERS; i++)
        must(go_chan_free(producers[i].out));
    expect(count, n);
    expect(sum, n * (n - 1) / 2);
}

BENCH(select3)
{
    bench_per_op("select3", select_all);
}
