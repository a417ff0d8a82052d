/* unbuffered: a value goes to another goroutine and comes back, over two unbuffered channels; ns for one round trip.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

struct echo {
    go_chan *there, *back;
};

static void echo(void *arg)
{
    struct echo *self = arg;
    int64_t value;
    while (go_recv(self->there, &value) == 0) {
        value++;
        must(go_send(self->back, &value));
    }
    must(go_chan_close(self->back));
}

static void round_trips(int64_t n)
{
    struct echo other = {must_have(go_chan_new(sizeof(int64_t), 0)), must_have(go_chan_new(sizeof(int64_t), 0))};
    int64_t sum = 0;
    must(go(echo, &other));
    for (int64_t i = 0; i < n; i++) {
        int64_t value = i;
        must(go_send(other.there, &value));
        must(go_recv(other.back, &value));
        sum += value;
    }
    must(go_chan_close(other.there));
    while (go_recv(other.back, NULL) == 0)
        sum++;
    must(go_chan_free(other.there));
    must(go_chan_free(other.back));
    expect(sum, n * (n + 1) / 2);
}

BENCH(unbuffered)
{
    bench_per_op("unbuffered", round_trips);
}
